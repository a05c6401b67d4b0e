/** A small writer of Parquet files, for tests of reading them: one row group, plain values, no compression. */

export type ParquetColumn =
  | { name: string; type: 'text'; values: readonly string[] }
  | { name: string; type: 'double'; values: readonly number[] }
  | { name: string; type: 'int64'; values: readonly bigint[] }
  | { name: string; type: 'boolean'; values: readonly boolean[] };

// Numbers of the format (parquet.thrift).
const types = { boolean: 0, int64: 2, double: 5, text: 6 } as const;
const kind = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

/** @returns the bytes of the file; all columns have the same number of values, none of them missing */
export function parquetFile(columns: readonly ParquetColumn[]): Uint8Array {
  const rows = columns[0]?.values.length ?? 0;
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let offset = 4;
  const chunks = columns.map((column) => {
    const data = plainValues(column);
    const page = new Thrift();
    page.i32(1, 0).i32(2, data.length).i32(3, data.length);
    page.struct(5, (header) => header.i32(1, rows).i32(2, 0).i32(3, 3).i32(4, 3));
    const head = page.end();
    const chunk = { column, start: offset, bytes: head.length + data.length };
    parts.push(head, data);
    offset += chunk.bytes;
    return chunk;
  });
  const footer = new Thrift();
  footer.i32(1, 2);
  footer.structs(2, [
    (root) => root.text(4, 'schema').i32(5, columns.length),
    ...columns.map(({ name, type }) => (element: Thrift) => {
      element.i32(1, types[type]).i32(3, 0).text(4, name);
      // UTF8
      return type === 'text' ? element.i32(6, 0) : element;
    }),
  ]);
  footer.i64(3, rows);
  footer.structs(4, [
    (group) =>
      group
        .structs(
          1,
          chunks.map(
            ({ column, start, bytes }) =>
              (chunk: Thrift) =>
                chunk
                  .i64(2, start)
                  .struct(3, (meta) =>
                    meta
                      .i32(1, types[column.type])
                      .i32s(2, [0])
                      .texts(3, [column.name])
                      .i32(4, 0)
                      .i64(5, rows)
                      .i64(6, bytes)
                      .i64(7, bytes)
                      .i64(9, start),
                  ),
          ),
        )
        .i64(2, offset - 4)
        .i64(3, rows),
  ]);
  const end = footer.end();
  const length = Buffer.alloc(4);
  length.writeUInt32LE(end.length);
  return Buffer.concat([...parts, end, length, Buffer.from('PAR1')]);
}

function plainValues(column: ParquetColumn): Buffer {
  if (column.type === 'boolean') {
    const bits = Buffer.alloc(Math.ceil(column.values.length / 8));
    column.values.forEach((value, i) => {
      if (value) bits[i >> 3]! |= 1 << (i & 7);
    });
    return bits;
  }
  return Buffer.concat(
    column.values.map((value) => {
      const out = Buffer.alloc(8);
      if (typeof value === 'bigint') out.writeBigInt64LE(value);
      else if (typeof value === 'number') out.writeDoubleLE(value);
      else {
        const text = Buffer.from(value);
        const length = Buffer.alloc(4);
        length.writeUInt32LE(text.length);
        return Buffer.concat([length, text]);
      }
      return out;
    }),
  );
}

/** One struct in Thrift's compact protocol. */
class Thrift {
  private readonly parts: Buffer[] = [];
  private last = 0;

  i32(id: number, value: number): this {
    return this.field(id, kind.i32, zigzag(value));
  }

  i64(id: number, value: number): this {
    return this.field(id, kind.i64, zigzag(value));
  }

  text(id: number, value: string): this {
    return this.field(id, kind.binary, binary(value));
  }

  i32s(id: number, values: readonly number[]): this {
    return this.field(id, kind.list, list(kind.i32, values.map(zigzag)));
  }

  texts(id: number, values: readonly string[]): this {
    return this.field(id, kind.list, list(kind.binary, values.map(binary)));
  }

  struct(id: number, fill: (struct: Thrift) => Thrift): this {
    return this.field(id, kind.struct, fill(new Thrift()).end());
  }

  structs(id: number, fills: readonly ((struct: Thrift) => Thrift)[]): this {
    const filled = fills.map((fill) => fill(new Thrift()).end());
    return this.field(id, kind.list, list(kind.struct, filled));
  }

  end(): Buffer {
    return Buffer.concat([...this.parts, Buffer.from([0])]);
  }

  private field(id: number, type: number, value: Buffer): this {
    this.parts.push(Buffer.from([((id - this.last) << 4) | type]), value);
    this.last = id;
    return this;
  }
}

function list(type: number, values: readonly Buffer[]): Buffer {
  const head =
    values.length < 15
      ? Buffer.from([(values.length << 4) | type])
      : Buffer.concat([Buffer.from([0xf0 | type]), varint(values.length)]);
  return Buffer.concat([head, ...values]);
}

const binary = (text: string) => Buffer.concat([varint(Buffer.byteLength(text)), Buffer.from(text)]);
const zigzag = (value: number) => varint(value < 0 ? -2 * value - 1 : 2 * value);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 128);
  }
}

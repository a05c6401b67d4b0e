/**
 * A gallery as a table: an item's own columns, and for every metadata key and type a column of its own (`text_colour`, `number_price`,
 * `flag_on_sale`) that filters read. The whole metadata are there as JSON too, which is what is given back. The matching vector is there twice where
 * there are factors: alone for the index, and before the factors, because one column is read twice as fast as two.
 */
import type { Table as ArrowTable, Schema } from 'apache-arrow';
import { LimnError } from '../../../core/errors.js';
import { readInfo } from '../info.js';
import type { EmbeddedItem, GalleryInfo, VectorSizes } from '../store.js';
import type { Arrow } from './peer.js';
import { columnOf, kindOf, type LanceColumnKind } from './sql.js';

/** Columns of metadata that a gallery may have: each costs every write and every compaction. */
const mostColumns = 512;
const infoKey = 'limn';

/** The schema of an empty gallery, with its information. */
export function emptySchema(arrow: Arrow, info: GalleryInfo): Schema {
  const { Field, Utf8 } = arrow;
  // Without this, two processes that add the same id at once would both add a row.
  const key = new Map([['lance-schema:unenforced-primary-key', 'true']]);
  const fields = [
    new Field('id', new Utf8(), false, key),
    ...['content', 'location', 'metadata'].map((name) => new Field(name, new Utf8(), false)),
    ...vectorFields(arrow, info.sizes),
  ];
  return new arrow.Schema(fields, new Map([[infoKey, JSON.stringify(info)]]));
}

function vectorFields({ Field, FixedSizeList, Float32 }: Arrow, { width, factors, projection }: VectorSizes) {
  const list = (name: string, size: number) =>
    new Field(name, new FixedSizeList(size, new Field('item', new Float32(), false)), false);
  const flat = factors * projection;
  return [list('matching', width), ...(flat > 0 ? [list('vectors', width + flat)] : [])];
}

/** The column that all vectors of an item are read from. */
export function vectorColumn({ factors, projection }: VectorSizes): string {
  return factors * projection > 0 ? 'vectors' : 'matching';
}

/** @throws LimnError GALLERY where the table is no gallery */
export function infoOf(schema: Schema, where: string): GalleryInfo {
  const text = schema.metadata.get(infoKey);
  if (!text) throw new LimnError('GALLERY', `The table in ${where} is not a limn gallery; choose another name.`);
  return readInfo(JSON.parse(text), `The gallery in ${where}`);
}

/** The metadata columns that the items need. */
export function neededColumns(items: readonly EmbeddedItem[]): Map<string, LanceColumnKind> {
  const needed = new Map<string, LanceColumnKind>();
  for (const { metadata } of items) {
    for (const [field, value] of Object.entries(metadata)) {
      if (value !== null) needed.set(columnOf(kindOf(value), field), kindOf(value));
    }
  }
  return needed;
}

export function checkColumns(known: ReadonlySet<string>, missing: readonly string[]): void {
  const count = [...known].filter((name) => metadataKind(name)).length + missing.length;
  if (count <= mostColumns) return;
  const message = `The gallery would have ${count} different metadata keys; LanceDB galleries hold ${mostColumns}. Use fewer keys, or another store.`;
  throw new LimnError('USAGE', message, { details: { count } });
}

/** The kind of a metadata column; undefined for an item's own columns. */
export function metadataKind(column: string): LanceColumnKind | undefined {
  return /^(text|number|flag)_/.exec(column)?.[1] as LanceColumnKind | undefined;
}

/** Booleans are 0 and 1: arrow writes a batch whose booleans are all null in a way that LanceDB refuses. */
export function metadataField(arrow: Arrow, name: string, kind: LanceColumnKind) {
  const type = { text: () => new arrow.Utf8(), number: () => new arrow.Float64(), flag: () => new arrow.Int8() }[kind]();
  return new arrow.Field(name, type, true);
}

/** Items as rows of a table with all of its columns. @param columns names, as in the table */
export function rowsOf(arrow: Arrow, items: readonly EmbeddedItem[], sizes: VectorSizes, columns: readonly string[]): ArrowTable {
  const texts = (of: (item: EmbeddedItem) => string) => arrow.vectorFromArray(items.map(of), new arrow.Utf8()).data[0];
  const data: Record<string, unknown> = {
    id: texts(({ id }) => id),
    content: texts(({ content }) => content),
    location: texts(({ location }) => location),
    metadata: texts(({ metadata }) => JSON.stringify(metadata)),
  };
  for (const field of vectorFields(arrow, sizes)) {
    const flat = new Float32Array(items.length * field.type.listSize);
    items.forEach(({ matching, factors }, row) => {
      flat.set(matching, row * field.type.listSize);
      if (field.name === 'vectors') flat.set(factors, row * field.type.listSize + matching.length);
    });
    const child = arrow.makeData({ type: new arrow.Float32(), length: flat.length, nullCount: 0, data: flat });
    data[field.name] = arrow.makeData({ type: field.type, length: items.length, nullCount: 0, child });
  }
  const fields = columns.map((name) => {
    const kind = metadataKind(name);
    if (!kind) return emptyFields(arrow, sizes).find((field) => field.name === name) as ReturnType<typeof metadataField>;
    const field = metadataField(arrow, name, kind);
    const key = name.slice(kind.length + 1);
    const values = items.map(({ metadata }) => {
      const value = Object.hasOwn(metadata, key) ? metadata[key] : null;
      if (value === null || value === undefined || kindOf(value) !== kind) return null;
      return typeof value === 'boolean' ? Number(value) : value;
    });
    data[name] = arrow.vectorFromArray(values, field.type).data[0];
    return field;
  });
  const schema = new arrow.Schema(fields);
  const children = columns.map((name) => data[name]) as never[];
  const struct = arrow.makeData({ type: new arrow.Struct(fields), length: items.length, nullCount: 0, children });
  return new arrow.Table(schema, new arrow.RecordBatch(schema, struct));
}

function emptyFields(arrow: Arrow, sizes: VectorSizes) {
  const texts = ['id', 'content', 'location', 'metadata'].map((name) => new arrow.Field(name, new arrow.Utf8(), false));
  return [...texts, ...vectorFields(arrow, sizes)];
}

/**
 * What a Parquet file says of its own sizes, checked against its bytes before anything is decoded: a decoder believes counts and sizes, and
 * a few bytes may promise gigabytes.
 */
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { firstRepeated } from '../../../core/repeated.js';

/** Every row has an id or path of its own, which no encoding makes smaller than that. */
const mostRowsPerByte = 64;
/** Snappy, the one compression that is read, makes at most 64 bytes of 3. */
const mostPerCompressedByte = 32;

/**
 * Checks sizes and counts. @returns the names of the columns
 *
 * @throws Error that says what does not fit
 */
export async function checkParquet(file: AsyncBuffer, metadata: FileMetaData): Promise<string[]> {
  const names = flatColumns(metadata);
  const rows = Number(metadata.num_rows);
  if (!(rows >= 0) || rows > mostRowsPerByte * file.byteLength) {
    throw new Error(`it claims ${rows} rows in ${file.byteLength} bytes`);
  }
  const counts = metadata.row_groups.map((group) => Number(group.num_rows));
  const sum = counts.reduce((total, count) => total + count, 0);
  if (counts.some((count) => !(count >= 0)) || sum !== rows) {
    throw new Error(`it claims ${rows} rows, and its row groups have ${sum}`);
  }
  for (const [i, group] of metadata.row_groups.entries()) {
    if (group.columns.length !== names.length) throw new Error(`row group ${i + 1} has ${group.columns.length} columns`);
    for (const [column, chunk] of group.columns.entries()) {
      await checkChunk(file, chunk, counts[i] as number, `column ${JSON.stringify(names[column])} of row group ${i + 1}`);
    }
  }
  return names;
}

function flatColumns({ schema }: FileMetaData): string[] {
  const [root, ...columns] = schema;
  if (!root || root.num_children !== columns.length) {
    const nested = columns.find(({ num_children: children }) => children);
    throw new Error(
      nested
        ? `its column ${JSON.stringify(nested.name)} is a list or an object, and metadata are texts, numbers and booleans`
        : 'its schema is damaged',
    );
  }
  const names = columns.map(({ name }) => name);
  if (names.some((name) => typeof name !== 'string' || name === '')) throw new Error('it has a column without a name');
  const repeated = columns.find(({ repetition_type: repetition }) => repetition === 'REPEATED');
  if (repeated)
    throw new Error(`its column ${JSON.stringify(repeated.name)} is a list, and metadata are texts, numbers and booleans`);
  const twice = firstRepeated(names as string[]);
  if (twice !== undefined) throw new Error(`its column ${JSON.stringify(twice)} is there twice`);
  if (names.includes('__proto__')) throw new Error('its column "__proto__" cannot be a field');
  return names;
}

type Chunk = FileMetaData['row_groups'][number]['columns'][number];

async function checkChunk(
  file: AsyncBuffer,
  { meta_data: meta, file_path: path }: Chunk,
  rows: number,
  what: string,
): Promise<void> {
  if (!meta || path) throw new Error(`${what} lies in another file`);
  const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
  const end = start + Number(meta.total_compressed_size);
  if (!(start >= 0 && end >= start && end <= file.byteLength)) throw new Error(`${what} lies outside the file`);
  const reader = { view: new DataView(await file.slice(start, end)), offset: 0 };
  let values = 0;
  while (values < rows && reader.offset < reader.view.byteLength - 1) {
    const page = parquetHeader(reader);
    const [compressed, size] = [page.compressed_page_size, page.uncompressed_page_size];
    const most = meta.codec === 'UNCOMPRESSED' ? compressed : mostPerCompressedByte * compressed + 64;
    if (!(compressed >= 0 && reader.offset + compressed <= reader.view.byteLength && size >= 0 && size <= most)) {
      throw new Error(`${what} has a page whose size does not fit`);
    }
    reader.offset += compressed;
    const { dictionary_page_header: dictionary, data_page_header: data, data_page_header_v2: data2 } = page;
    if (page.type === 'DICTIONARY_PAGE') {
      if (!(dictionary && dictionary.num_values >= 0 && dictionary.num_values <= 8 * size)) {
        throw new Error(`${what} has a dictionary whose size does not fit`);
      }
      continue;
    }
    const count = (page.type === 'DATA_PAGE' ? data : data2)?.num_values ?? Number.NaN;
    const nulls = page.type === 'DATA_PAGE_V2' ? (data2?.num_nulls ?? 0) : 0;
    if (!(count >= 0 && nulls >= 0 && nulls <= count)) throw new Error(`${what} has a page without a count of its values`);
    values += count;
  }
  if (values !== rows) throw new Error(`${what} has ${values} values for ${rows} rows`);
}

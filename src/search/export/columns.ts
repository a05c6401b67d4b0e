/** What is known of the images of an export, in columns: a value that many images have is written once. */
import { LimnError } from '../../core/errors.js';
import type { ItemMetadata, MetadataValue } from '../store/metadata.js';

export interface ExportedItem {
  id: string;
  /** SHA-256 of the image's original file. */
  content: string;
  /** The name of its thumbnail's file; empty where the image could not be read. */
  thumbnail: string;
  /** The name of the file with what the model sees of it. */
  reference: string;
  /** Of the upright original, in pixels. */
  width: number;
  height: number;
  metadata: ItemMetadata;
}

interface WrittenColumns {
  format: 'limn-columns-1';
  /** The model's hash: columns and model of different exports are not mixed. */
  model: string;
  ids: string[];
  contents: string[];
  thumbnails: string[];
  references: string[];
  widths: number[];
  heights: number[];
  fields: { name: string; values: MetadataValue[] /** Places in `values`; -1: the image lacks the field. */; codes: number[] }[];
}

export function encodeColumns(items: readonly ExportedItem[], model: string): string {
  const names = [...new Set(items.flatMap(({ metadata }) => Object.keys(metadata)))].sort();
  const written: WrittenColumns = {
    format: 'limn-columns-1',
    model,
    ids: items.map(({ id }) => id),
    contents: items.map(({ content }) => content),
    thumbnails: items.map(({ thumbnail }) => thumbnail),
    references: items.map(({ reference }) => reference),
    widths: items.map(({ width }) => width),
    heights: items.map(({ height }) => height),
    fields: names.map((name) => columnOf(items, name)),
  };
  return JSON.stringify(written);
}

function columnOf(items: readonly ExportedItem[], name: string): WrittenColumns['fields'][number] {
  const places = new Map<MetadataValue, number>();
  const codes = items.map(({ metadata }) => {
    if (!Object.hasOwn(metadata, name)) return -1;
    const value = metadata[name] as MetadataValue;
    const place = places.get(value) ?? places.size;
    places.set(value, place);
    return place;
  });
  return { name, values: [...places.keys()], codes };
}

/** The columns as items, each made when it is asked for. */
export class Columns {
  readonly ids: readonly string[];
  private readonly made: (ExportedItem | undefined)[];

  private constructor(private readonly written: WrittenColumns) {
    this.ids = written.ids;
    this.made = new Array<ExportedItem | undefined>(written.ids.length);
  }

  /** @throws LimnError DATA for something else */
  static read(text: string): Columns {
    const value = JSON.parse(text) as WrittenColumns;
    const count = value?.ids?.length;
    const lists = [value?.contents, value?.thumbnails, value?.references, value?.widths, value?.heights];
    const whole = lists.every((list) => list?.length === count) && value.fields?.every(({ codes }) => codes.length === count);
    if (value?.format === 'limn-columns-1' && whole) return new Columns(value);
    throw new LimnError('DATA', "The list of the export's images has another format. Export the gallery again.");
  }

  get model(): string {
    return this.written.model;
  }

  item(row: number): ExportedItem {
    const before = this.made[row];
    if (before) return before;
    const { ids, contents, thumbnails, references, widths, heights, fields } = this.written;
    const known = fields.flatMap(({ name, values, codes }): [string, MetadataValue][] => {
      const code = codes[row] as number;
      return code < 0 ? [] : [[name, values[code] as MetadataValue]];
    });
    const item: ExportedItem = {
      id: ids[row] as string,
      content: contents[row] as string,
      thumbnail: thumbnails[row] as string,
      reference: references[row] as string,
      width: widths[row] as number,
      height: heights[row] as number,
      metadata: Object.fromEntries(known),
    };
    this.made[row] = item;
    return item;
  }
}

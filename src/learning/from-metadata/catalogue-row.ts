/** A product of a catalogue: an image, and what its table says of it. */
export interface CatalogueRow {
  /** Path of the image inside the images folder, with "/" between names. */
  readonly id: string;
  /** Where the image's file is. */
  readonly path: string;
  /** The row's values by column: texts, numbers, booleans, and lists of them. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Words for "there is no value". */
const missing = new Set([
  ...[
    '',
    'n/a',
    '#n/a',
    'n.a.',
    'na',
    '<na>',
    'nan',
    'null',
    'nil',
    'none',
    'undefined',
    'unknown',
    'unspecified',
    'not specified',
  ],
  ...['not available', 'not applicable', '(none)', '(blank)', 'k.a.', '-', '--', '–', '—', '?'],
]);

/** Whether a value says "none": that there is no such part, or that nothing is known, as the column decides. */
export const saysNone = (value: unknown) => typeof value === 'string' && value.trim().toLowerCase() === 'none';

/** A value as a text in small letters with single spaces; undefined where it says that there is none. */
export function valueText(value: unknown): string | undefined {
  if (value === null || value === undefined || typeof value === 'object') return undefined;
  const text = String(value).normalize('NFC').toLowerCase().split(/\s+/).filter(Boolean).join(' ');
  return missing.has(text) ? undefined : text;
}

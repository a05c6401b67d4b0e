/** What is known of a picture beside its pixels. */

export type MetadataValue = string | number | boolean | null;

/** A flat record; a key is a letter or "_" followed by letters, digits and "_", at most 64 of them. */
export type ItemMetadata = Readonly<Record<string, MetadataValue>>;

/** Whether a text may be a key of metadata. */
export function isMetadataKey(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(text);
}

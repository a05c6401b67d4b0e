/** What is known of a picture beside its pixels. */

export type MetadataValue = string | number | boolean | null;

/** A flat record; a key is a letter or "_" followed by letters, digits and "_", at most 64 of them. */
export type Metadata = Readonly<Record<string, MetadataValue>>;

/** What a picture keeps of the metadata that the gallery has of it: all that a run does not give, unless it is told to erase them. */
import type { StoredItem } from '../../store/store.js';
import type { ListedPicture } from './picture-list.js';

export interface KeptMetadata {
  /** Pictures that keep fields which the run did not give. */
  pictures: number;
  /** Names of those fields. */
  fields: string[];
}

/** Fills in what is kept, and counts it. */
export class MetadataKeeper {
  private pictures = 0;
  private readonly fields = new Set<string>();

  /** @param erase take the metadata of this run alone @default false */
  constructor(private readonly erase = false) {}

  /** A picture with its metadata as they are to be: what is given wins over what the gallery has. */
  keep(picture: ListedPicture, stored: StoredItem | undefined): ListedPicture {
    if (this.erase || !stored) return picture;
    const kept = Object.entries(stored.metadata).filter(([name]) => !Object.hasOwn(picture.metadata, name));
    if (kept.length === 0) return picture;
    this.pictures++;
    for (const [name] of kept) this.fields.add(name);
    return { ...picture, metadata: { ...Object.fromEntries(kept), ...picture.metadata } };
  }

  get kept(): KeptMetadata {
    return { pictures: this.pictures, fields: [...this.fields].sort() };
  }
}

/** What to say of it; undefined where nothing was kept. */
export function keptNote({ pictures, fields }: KeptMetadata): string | undefined {
  if (pictures === 0) return undefined;
  const named = fields.slice(0, 10).join(', ') + (fields.length > 10 ? ', ...' : '');
  return `${pictures} pictures keep metadata that this run does not give (${named}). To erase them, give --replace-metadata.`;
}

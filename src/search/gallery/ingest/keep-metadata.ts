/** What a picture keeps of the metadata that the gallery has of it: all that a run does not give, unless it is told to erase them. */
import type { StoredItem } from '../../store/store.js';
import type { ListedImage } from './image-list.js';

export interface KeptMetadata {
  /** Pictures that keep fields which the run did not give. */
  pictures: number;
  /** Names of those fields. */
  fields: string[];
}

/** Fills in what is kept, and counts it. */
export class MetadataKeeper {
  private images = 0;
  private readonly fields = new Set<string>();

  /** @param erase take the metadata of this run alone @default false */
  constructor(private readonly erase = false) {}

  /** A picture with its metadata as they are to be: what is given wins over what the gallery has. */
  keep(image: ListedImage, stored: StoredItem | undefined): ListedImage {
    if (this.erase || !stored) return image;
    const kept = Object.entries(stored.metadata).filter(([name]) => !Object.hasOwn(image.metadata, name));
    if (kept.length === 0) return image;
    this.images++;
    for (const [name] of kept) this.fields.add(name);
    return { ...image, metadata: { ...Object.fromEntries(kept), ...image.metadata } };
  }

  get kept(): KeptMetadata {
    return { pictures: this.images, fields: [...this.fields].sort() };
  }
}

/** What to say of it; undefined where nothing was kept. */
export function keptNote({ pictures: images, fields }: KeptMetadata): string | undefined {
  if (images === 0) return undefined;
  const named = fields.slice(0, 10).join(', ') + (fields.length > 10 ? ', ...' : '');
  return `${images} pictures keep metadata that this run does not give (${named}). To erase them, give --replace-metadata.`;
}

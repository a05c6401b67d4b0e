/** Finds the image that a cell of a table names: by its path, its file name, or what stands before the ending. */
import { posix } from 'node:path';

/** How a key was made; lower is surer, and a surer one goes before others. */
type Rank = 0 | 1 | 2 | 3;

interface Found {
  path: string;
  rank: Rank;
  /** Whether another image has the key too, and nothing tells which is meant. */
  isAmbiguous: boolean;
}

/** Further views of one product: "123_2.jpg", "123-back.jpg" in some shops; the number alone is taken for one. */
const view = /[_-]\d{1,2}$/;

export class ImageKeys {
  private readonly keys = new Map<string, Found>();

  /** @param paths inside the images folder, with "/" between names, sorted */
  constructor(paths: readonly string[]) {
    for (const path of paths) {
      const name = posix.basename(path);
      const stem = withoutEnding(name);
      this.add(path, path, 0);
      if (name !== path) this.add(name, path, 1);
      this.add(stem, path, 2);
      const folder = posix.basename(posix.dirname(path));
      if (view.test(stem)) this.add(stem.replace(view, ''), path, 3);
      if (folder !== '.') this.add(folder, path, 3);
    }
  }

  /** The path of the image; undefined where there is none, or several that fit equally well. */
  find(cell: unknown): string | undefined {
    if (typeof cell !== 'string' && typeof cell !== 'number' && typeof cell !== 'bigint') return undefined;
    const text = plain(String(cell));
    if (text === '') return undefined;
    const name = text.split(/[?#]/, 1)[0]?.split('/').at(-1) ?? '';
    for (const key of [text, name, withoutEnding(name)]) {
      const found = this.keys.get(key);
      if (found) return found.isAmbiguous ? undefined : found.path;
    }
    return undefined;
  }

  private add(text: string, path: string, rank: Rank): void {
    const key = plain(text);
    const known = this.keys.get(key);
    if (!known || rank < known.rank) this.keys.set(key, { path, rank, isAmbiguous: false });
    // Of several views of a product the first stands for it.
    else if (rank === known.rank && rank < 3 && known.path !== path) known.isAmbiguous = true;
  }
}

/** What the views of one product have in common: "shoes/123_2.jpg" is "123", as is "123.png"; of "123/back.jpg" it is the file's name alone. */
export function productName(path: string): string {
  return plain(withoutEnding(posix.basename(path)).replace(view, ''));
}

function withoutEnding(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}

function plain(text: string): string {
  const path = text.normalize('NFC').trim().toLowerCase().replaceAll('\\', '/');
  return path.startsWith('./') ? path.slice(2) : path;
}

/** Files that are passed over, counted by kind. */

export interface PassedOverFiles {
  /** A file name ending such as `.heic`, or what the file is: "hidden", "linked folder". */
  kind: string;
  count: number;
  /** The first of them. */
  example: string;
}

export class PassedOver {
  private readonly byKind = new Map<string, PassedOverFiles>();

  add(kind: string, path: string): void {
    const known = this.byKind.get(kind);
    if (known) known.count++;
    else this.byKind.set(kind, { kind, count: 1, example: path });
  }

  /** The most frequent kinds first. */
  get kinds(): PassedOverFiles[] {
    return [...this.byKind.values()].sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1));
  }
}

const most = 12;
/** Endings of images that have to be converted first. */
const convertible = /^\.(heic|heif|hif|bmp|jxl|jp2|psd|cr2|cr3|nef|arw|dng|raf|orf|rw2|svg|tga|ico)$/;

/** `12 .heic, 2 hidden (e.g. ".a"), 1 linked folder ("b")` */
export function shownPassedOver(kinds: readonly PassedOverFiles[]): string {
  const shown = kinds.slice(0, most).map(({ kind, count, example }) => {
    const one = `${count} ${kind}`;
    if (kind.startsWith('.')) return one;
    const name = JSON.stringify(example.length > 80 ? `${example.slice(0, 80)}…` : example);
    return `${one} (${count > 1 ? 'e.g. ' : ''}${name})`;
  });
  const rest = kinds.slice(most).reduce((sum, { count }) => sum + count, 0);
  return [...shown, ...(rest > 0 ? [`${rest} others`] : [])].join(', ');
}

/** What to say of them; undefined where there are none. */
export function passedOverNote(kinds: readonly PassedOverFiles[]): string | undefined {
  if (kinds.length === 0) return undefined;
  const total = kinds.reduce((sum, { count }) => sum + count, 0);
  const images = kinds.filter(({ kind }) => convertible.test(kind)).map(({ kind }) => kind);
  const advice = images.length > 0 ? ` Convert the ${images.join(', ')} files to JPEG to index them.` : '';
  return `Passed over in the folder: ${total}, namely ${shownPassedOver(kinds)}.${advice}`;
}

/**
 * Pictures of this device. They live as long as the tab: in memory, and (so that a reload keeps them) in sessionStorage where
 * there is room. They are made small before they travel to a server, which also turns them upright and takes out what else the file says; in
 * an export, where nothing travels, they stay as they are.
 */

/** Longest side of what is sent, in pixels: several times what picture encoders look at. */
const longestSide = 1280;
const largestFile = 40 * 2 ** 20;
const storagePrefix = 'limn upload ';

export class UploadError extends Error {
  override readonly name = 'UploadError';
}

export class Uploads {
  private readonly files = new Map<string, { blob: Blob; address: string }>();

  /** @param staysHere whether nothing is sent to a server */
  constructor(private readonly staysHere: boolean) {}

  /**
   * @returns the picture's key
   * @throws UploadError for a file that this browser cannot read as a picture
   */
  async add(file: Blob): Promise<string> {
    const small = await shrink(file);
    const blob = this.staysHere ? file : small;
    const key = `p${crypto.getRandomValues(new Uint32Array(2)).reduce((text, value) => text + value.toString(36), '')}`;
    this.keep(key, blob);
    // Where there is no room even for the small one, the picture is gone after a reload, which the page then says.
    if (!(await store(key, blob)) && blob !== small) await store(key, small);
    return key;
  }

  /** Brings back what an earlier load of this tab kept. */
  restore(): void {
    for (const name of Object.keys(sessionStorage)) {
      if (!name.startsWith(storagePrefix)) continue;
      const blob = blobOf(sessionStorage.getItem(name) ?? '');
      if (blob) this.keep(name.slice(storagePrefix.length), blob);
    }
  }

  get(key: string): Blob | undefined {
    return this.files.get(key)?.blob;
  }

  /** For <img>; undefined for a picture that is not on this device or gone. */
  address(key: string): string | undefined {
    return this.files.get(key)?.address;
  }

  private keep(key: string, blob: Blob): void {
    this.files.set(key, { blob, address: URL.createObjectURL(blob) });
  }
}

async function shrink(file: Blob): Promise<Blob> {
  if (file.size > largestFile) throw new UploadError('This file is too large: a picture may have 40 MB.');
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => {
    throw new UploadError('This file is not a picture that your browser can read. JPEG, PNG and WebP work everywhere.');
  });
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  if (!context) throw new UploadError('Your browser did not let the page read this picture.');
  // Behind what is transparent: as most shops show their pictures.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.92));
  if (!blob) throw new UploadError('Your browser did not let the page read this picture.');
  return blob;
}

/** @returns whether there was room */
async function store(key: string, blob: Blob): Promise<boolean> {
  try {
    sessionStorage.setItem(storagePrefix + key, await dataAddress(blob));
    return true;
  } catch {
    return false;
  }
}

function dataAddress(blob: Blob): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}

function blobOf(address: string): Blob | undefined {
  const [, type, base64] = /^data:([^;,]*);base64,(.+)$/.exec(address) ?? [];
  if (!base64) return undefined;
  try {
    return new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], { type: type ?? '' });
  } catch {
    return undefined;
  }
}

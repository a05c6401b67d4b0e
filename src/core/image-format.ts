/**
 * Which image files limn reads: one list of file name endings and one of formats for all that looks for images, decodes them or takes
 * them from strangers. The format is told by a file's first bytes, so that what libvips could read beside images (SVG with its references,
 * PDF) never reaches it, and a file of another kind is called by its name.
 */

/** File name endings of images, in any case. Of several files that differ in it alone, datasets take the one whose ending comes first. */
export const imageExtensions = [
  'jpg',
  'jpeg',
  'jpe',
  'jfif',
  'pjpeg',
  'pjp',
  'png',
  'webp',
  'gif',
  'tif',
  'tiff',
  'avif',
] as const;

const imageName = new RegExp(`\\.(${imageExtensions.join('|')})$`, 'i');

/** Whether a file's name says that it is an image that limn reads. */
export const isImageName = (name: string): boolean => imageName.test(name);

/** `.jpg, .jpeg, ...` for messages. */
export const shownExtensions = imageExtensions.map((extension) => `.${extension}`).join(', ');

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif';

/** The format that a file's first bytes tell; undefined for all that limn does not read. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  // Decoders pass over bytes behind these two.
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'jpeg';
  if (latin(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (latin(bytes, 0, 4) === 'RIFF' && latin(bytes, 8, 12) === 'WEBP') return 'webp';
  if (/^GIF8[79]a/.test(latin(bytes, 0, 6))) return 'gif';
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(latin(bytes, 0, 4))) return 'tiff';
  const brands = brandsOf(bytes);
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  // The brand says no more than "a still image"; the decoder knows.
  return brands[0] === 'mif1' && !brands.some(isHevc) ? 'avif' : undefined;
}

/** What a file that limn does not read is, and what to do about it; undefined where its first bytes say nothing. */
export function foreignFormat(bytes: Uint8Array): { name: string; advice: string } | undefined {
  const found = foreign.find(({ is }) => is(bytes));
  return found && { name: found.name, advice: found.advice ?? 'Convert it to JPEG or PNG.' };
}

const heicAdvice =
  'Convert it to JPEG, e.g. with "heif-convert a.heic a.jpg", on a Mac with "sips -s format jpeg a.heic --out a.jpg", or let the phone save "most compatible".';

const foreign: { name: string; advice?: string; is(bytes: Uint8Array): boolean }[] = [
  { name: 'HEIC (an image as phones save it)', advice: heicAdvice, is: (bytes) => brandsOf(bytes).some(isHevc) },
  { name: 'BMP', is: (bytes) => latin(bytes, 0, 2) === 'BM' },
  { name: 'JPEG XL', is: (bytes) => latin(bytes, 0, 2) === '\xff\x0a' || latin(bytes, 4, 12) === 'JXL \r\n\x87\n' },
  { name: 'JPEG 2000', is: (bytes) => latin(bytes, 4, 8) === 'jP  ' || latin(bytes, 0, 4) === '\xff\x4f\xff\x51' },
  { name: 'a Photoshop file (PSD)', is: (bytes) => latin(bytes, 0, 4) === '8BPS' },
  { name: 'an icon (ICO)', is: (bytes) => ['\0\0\x01\0', '\0\0\x02\0'].includes(latin(bytes, 0, 4)) },
  { name: 'OpenEXR', is: (bytes) => latin(bytes, 0, 4) === '\x76\x2f\x31\x01' },
  { name: 'a raw photograph of a camera', is: (bytes) => /^(FUJIFILMCCD-RAW|IIU\0|IIRO|FOVb)/.test(latin(bytes, 0, 16)) },
  { name: 'a PDF document', is: (bytes) => latin(bytes, 0, 5) === '%PDF-' },
  {
    name: 'an SVG drawing',
    is: (bytes) => /^(\xef\xbb\xbf)?\s{0,64}<(svg|\?xml|!DOCTYPE svg|!--)/i.test(latin(bytes, 0, 128)),
  },
  {
    name: 'a web page (HTML)',
    advice: 'The address that it was saved from gave a page in place of an image: save the image itself.',
    is: (bytes) => /^(\xef\xbb\xbf)?\s{0,64}<(html|!doctype html|head|body)/i.test(latin(bytes, 0, 128)),
  },
  {
    name: 'a Git LFS pointer',
    advice: 'Fetch the file itself with "git lfs pull".',
    is: (bytes) => latin(bytes, 0, 34) === 'version https://git-lfs.github.com',
  },
  { name: 'a video', advice: 'Save a frame of it as JPEG or PNG.', is: isVideo },
  { name: 'a ZIP archive', advice: 'Unpack it.', is: (bytes) => latin(bytes, 0, 4) === 'PK\x03\x04' },
];

/** Brands of an ISO media file (ISO/IEC 14496-12): the major one, then the compatible ones. */
function brandsOf(bytes: Uint8Array): string[] {
  if (latin(bytes, 4, 8) !== 'ftyp') return [];
  const size = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), bytes.length, 256);
  const brands = [latin(bytes, 8, 12)];
  for (let at = 16; at + 4 <= size; at += 4) brands.push(latin(bytes, at, at + 4));
  return brands;
}

function isHevc(brand: string): boolean {
  return /^(heic|heix|heim|heis|hevc|hevx|hevm|hevs)$/.test(brand);
}

function isVideo(bytes: Uint8Array): boolean {
  if (latin(bytes, 0, 4) === '\x1a\x45\xdf\xa3' || (latin(bytes, 0, 4) === 'RIFF' && latin(bytes, 8, 12) === 'AVI ')) return true;
  return brandsOf(bytes).some((brand) => /^(isom|iso[2-9]|mp4[12]|qt {2}|M4V |3gp\d)$/.test(brand));
}

/** Without Buffer, so that browsers have it too. */
const latin = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));

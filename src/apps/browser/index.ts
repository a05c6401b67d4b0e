/** `import { openGallery } from 'limn/browser'`: an export of "limn export", searched in the browser. */
import { type GalleryOptions, StaticGallery } from './static-gallery.js';

export { LimnError } from '../../core/errors.js';
export type { Device, DeviceChoice } from './device.js';
export type { LocalSuggest } from './requests.js';
export type {
  BrowserExplain,
  BrowserImage,
  BrowserSearch,
  CallOptions,
  GalleryOptions,
  SearchOptions,
  StaticGallery,
} from './static-gallery.js';

/**
 * Opens the export at an address. Its searches run in a worker of its own, and nothing is sent anywhere.
 *
 * @param url of the export's folder
 * @example
 * const gallery = await openGallery('/shop/');
 * const { hits } = await gallery.search({ references: [{ id: 'dress.jpg' }], texts: ['in red'] });
 * @throws LimnError IO where it cannot be reached or lacks a file, DATA for a damaged file, GALLERY for something else, INTERRUPTED
 */
export function openGallery(url: string, options: GalleryOptions = {}): Promise<StaticGallery> {
  return StaticGallery.open(url, new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }), options);
}

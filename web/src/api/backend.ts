/** Which of the two backends the page has. */
import { readKey } from '../state/device.js';
import { Api, type Backend } from './api.js';

/** Whether the page is that of an export, which "limn export" writes into it. */
export const isExport = document.querySelector('meta[name="limn-export"]') !== null;

/** @param base the folder of the page, with a slash at the end: where `v1/` is, or the export's manifest */
export async function openBackend(base: string): Promise<Backend> {
  if (!isExport) return new Api({ base, key: readKey });
  const { LocalApi } = await import('./local-api.js');
  return new LocalApi(base);
}

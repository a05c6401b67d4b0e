/** The packages of LanceDB, imported when they are needed. */
import { createRequire } from 'node:module';
import { importPeer } from '../../../core/peers.js';

export type Lance = typeof import('@lancedb/lancedb');
export type Arrow = typeof import('apache-arrow');

export async function importLance(): Promise<{ lance: Lance; arrow: Arrow }> {
  return importPeer('LanceDB', ['@lancedb/lancedb@0.37.1', 'apache-arrow@18.1.0'], async () => ({
    lance: await import('@lancedb/lancedb'),
    // The very copy that LanceDB has: it knows schemas by their class.
    arrow: createRequire(createRequire(import.meta.url).resolve('@lancedb/lancedb'))('apache-arrow') as Arrow,
  }));
}

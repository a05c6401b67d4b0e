/**
 * The thread of a bench that searches as other callers do, so that its clock stands still for nothing that the attacking thread does:
 * searches by item id, one after the other over two lanes of fresh connections. Posts {@link OthersFound}.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { send } from '../lib/send-request.js';

export interface Others {
  url: string;
  seconds: number;
  /** Items of the gallery, "0.jpg" and on. */
  items: number;
}

export interface OthersFound {
  /** Milliseconds of each search. */
  times: number[];
  failed: number;
}

const { url, seconds, items } = workerData as Others;
const headers = { 'content-type': 'application/json' };
const found: OthersFound = { times: [], failed: 0 };
let asked = 0;
const until = performance.now() + seconds * 1000;
const lane = async () => {
  while (performance.now() < until) {
    const references = [{ id: `${asked++ % items}.jpg` }];
    const body = JSON.stringify({ gallery: 'bench', references, texts: [`in red ${asked}`] });
    const started = performance.now();
    const status = await send(url, '/v1/search', { method: 'POST', headers, body });
    if (status === 200) found.times.push(performance.now() - started);
    else found.failed++;
    await sleep(20);
  }
};
await Promise.all([lane(), lane()]);
parentPort!.postMessage(found);

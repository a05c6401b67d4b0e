/** The thread that has the export in memory and searches it. */
import { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import type { ApiListQuery, ApiSearchAnswer } from '../server/contract.js';
import type { DeviceChoice } from './device.js';
import { LocalGallery } from './local-gallery.js';
import type { FromWorker, LocalExplain, LocalSearch, LocalSuggest, Method, ToWorker } from './requests.js';

// Zod would try whether code may be made from texts, which the page's content policy forbids and reports.
z.config({ jitless: true });

const scope = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
};
const running = new Map<number, AbortController>();
/** Calls that do something else than to keep what was fetched, which waits for them. */
const work = new Set<Promise<unknown>>();
let gallery: LocalGallery | undefined;

function opened(): LocalGallery {
  if (gallery) return gallery;
  throw new LimnError('USAGE', 'The gallery is not open yet.');
}

type Early = ((answer: ApiSearchAnswer) => void) | undefined;
const methods: Record<Method, (argument: never, signal: AbortSignal, onEarly: Early) => Promise<unknown>> = {
  open: async ({ base, ...options }: { base: string; cache: boolean; device?: DeviceChoice }) => {
    gallery = await LocalGallery.open(base, { ...options, onProgress: (progress) => scope.postMessage({ progress }) });
    return gallery.describe();
  },
  keep: async () => {
    while (work.size > 0) await Promise.all(work);
    return opened().keep();
  },
  prepare: () => opened().prepare(),
  device: () => opened().device(),
  describe: () => opened().describe(),
  item: (id: string) => opened().item(id),
  items: (query: ApiListQuery) => opened().items(query),
  count: (filter: string | undefined) => opened().count(filter),
  search: (request: LocalSearch, signal, onEarly) => opened().search(request, signal, onEarly),
  explain: (request: LocalExplain, signal) => opened().explain(request, signal),
  suggest: (request: LocalSuggest) => opened().suggest(request),
  imageAddresses: async (ids: readonly string[]) => ids.map((id) => opened().imageAddress(id)),
};

/** Stops fetching where everybody who waits has given up. */
function stopIfUnwanted(): void {
  const waiting = [...running.values()];
  if (waiting.length > 0 && waiting.every(({ signal }) => signal.aborted)) gallery?.stopLoading();
}

scope.onmessage = ({ data }) => {
  if ('abort' in data) {
    running.get(data.abort)?.abort();
    return stopIfUnwanted();
  }
  const { call, method, argument, wantsEarly } = data;
  const onEarly = wantsEarly ? (early: ApiSearchAnswer) => scope.postMessage({ call, early }) : undefined;
  const stop = new AbortController();
  const done = Promise.resolve()
    .then(() => methods[method](argument as never, stop.signal, onEarly))
    .then(
      (result) => scope.postMessage({ call, result }),
      (error: unknown) => {
        const known = LimnError.isInstance(error);
        const { code, details } = known ? error : { code: 'RUNTIME', details: {} };
        scope.postMessage({ call, error: { code, message: messageOf(error), details } });
      },
    )
    .finally(() => {
      running.delete(call);
      work.delete(done);
      stopIfUnwanted();
      if (work.size === 0) void gallery?.keep();
    });
  if (method === 'keep') return;
  running.set(call, stop);
  work.add(done);
};

/** The thread that has the export in memory and searches it. */
import { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import type { ApiListQuery } from '../server/contract.js';
import { LocalGallery } from './local-gallery.js';
import type { FromWorker, LocalExplain, LocalSearch, LocalSuggest, Method, ToWorker } from './requests.js';

// Zod would try whether code may be made from texts, which the page's content policy forbids and reports.
z.config({ jitless: true });

const scope = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
};
const running = new Map<number, AbortController>();
let gallery: LocalGallery | undefined;

function opened(): LocalGallery {
  if (gallery) return gallery;
  throw new LimnError('USAGE', 'The gallery is not open yet.');
}

const methods: Record<Method, (argument: never, signal: AbortSignal) => Promise<unknown>> = {
  open: async ({ base, cache }: { base: string; cache: boolean }) => {
    gallery = await LocalGallery.open(base, { cache, onProgress: (progress) => scope.postMessage({ progress }) });
    return gallery.describe();
  },
  prepare: () => opened().prepare(),
  describe: () => opened().describe(),
  item: (id: string) => opened().item(id),
  items: (query: ApiListQuery) => opened().items(query),
  count: (filter: string | undefined) => opened().count(filter),
  search: (request: LocalSearch, signal) => opened().search(request, signal),
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
  const { call, method, argument } = data;
  const stop = new AbortController();
  running.set(call, stop);
  void Promise.resolve()
    .then(() => methods[method](argument as never, stop.signal))
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
      stopIfUnwanted();
    });
};

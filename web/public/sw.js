// Keeps the page of an export, and the thumbnails that were shown, for visits without a network. The export's data are kept by its worker.
const kept = `limn page ${self.registration.scope}`;
const mostImages = 2000;

self.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const { page } = await (await fetch('manifest.json', { cache: 'no-cache' })).json();
      const cache = await caches.open(kept);
      await cache.addAll(['./', ...page.filter(({ path }) => path.startsWith('assets/')).map(({ path }) => path)]);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

// Scripts of pages that were exported before, which no page asks for any more.
async function forgetOthers() {
  const { page } = await (await fetch('manifest.json', { cache: 'no-cache' })).json();
  const named = new Set(page.map(({ path }) => self.registration.scope + path));
  const cache = await caches.open(kept);
  for (const { url } of await cache.keys()) {
    if (url.startsWith(`${self.registration.scope}assets/`) && !named.has(url)) await cache.delete(url);
  }
}

// The page says what it showed before this worker was there.
self.addEventListener('message', (event) => {
  event.waitUntil(Promise.all([keepShown(event.data?.keep ?? []), forgetOthers().catch(() => undefined)]));
});

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  const { scope } = self.registration;
  if (method !== 'GET' || !url.startsWith(scope)) return;
  const path = url.slice(scope.length).replace(/[?#].*$/, '');
  if (/^(data|references)\/|^manifest\.json$/.test(path)) return;
  // A name of these holds the hash of what is in it.
  const fixed = /^(assets|thumbnails)\//.test(path);
  event.respondWith(fixed ? keptFirst(event.request, path) : networkFirst(event.request));
});

async function keptFirst(request, path) {
  const cache = await caches.open(kept);
  const known = await cache.match(request, { ignoreVary: true });
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await keep(cache, request, answer.clone());
  if (path.startsWith('thumbnails/')) await bound(cache);
  return answer;
}

async function networkFirst(request) {
  const cache = await caches.open(kept);
  try {
    const answer = await fetch(request);
    if (answer.ok) await keep(cache, request, answer.clone());
    return answer;
  } catch (error) {
    const known = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
    if (known) return known;
    throw error;
  }
}

async function keepShown(addresses) {
  const cache = await caches.open(kept);
  for (const address of addresses.slice(0, mostImages)) {
    if (!address.startsWith(`${self.registration.scope}thumbnails/`) || (await cache.match(address, { ignoreVary: true })))
      continue;
    const answer = await fetch(address).catch(() => undefined);
    if (answer?.ok) await keep(cache, address, answer);
  }
}

// A full cache keeps nothing more, and everything works while there is a network.
const keep = (cache, request, answer) => cache.put(request, answer).catch(() => undefined);

async function bound(cache) {
  const images = (await cache.keys()).filter(({ url }) => url.includes('/thumbnails/'));
  for (const request of images.slice(0, Math.max(0, images.length - mostImages))) await cache.delete(request);
}

// Service worker: what was loaded once is there without a line. The host comes first, so that nothing stale is shown.
const CACHE = 'mnist-digit-page'

/** What the page is made of, and what it loads before the first answer; the build writes them here. */
const FILES = []

self.addEventListener('install', (event) => {
  self.skipWaiting()
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)))
})
// The page that registers it is left alone: it has what it needs, and a worker of it that is taken over loads no module any more in
// Firefox 153. The next visit comes to its host through here.

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || new URL(request.url).origin !== location.origin) return
  event.respondWith(fromHost(request))
})

async function fromHost(request) {
  const cache = await caches.open(CACHE)
  try {
    const response = await fetch(request)
    // The worker of the element keeps the binaries itself (it would be twice 14 MB).
    if (response.ok && !request.url.endsWith('.wasm')) await cache.put(request, response.clone())
    return response
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true })
    if (kept === undefined) throw error
    return kept
  }
}

// The service worker of an offline screen. The server puts `KEPT` above: {screen, version, files}.
// Files of one version belong together: they are kept together, and all of them come from there, network or not.
/* global KEPT */
const PREFIX = `lapak-${KEPT.screen}-`;
const CACHE = PREFIX + KEPT.version;
const OURS = new Set(KEPT.files.map((file) => new URL(file, self.location).href));

self.addEventListener("install", (event) => {
  const fresh = [...OURS].map((url) => new Request(url, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  if (event.data === "start") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  url.search = url.hash = "";
  if (!OURS.has(url.href)) return; // the API, other pages: the network's business
  event.respondWith(caches.open(CACHE).then((cache) => cache.match(url.href)).then((kept) => kept ?? fetch(request)));
});

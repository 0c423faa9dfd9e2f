// Keeps the page on the device, and brings new versions in when nobody is in the middle of something.

const EVERY = 30 * 60_000;

// The only text that becomes code: the address of our own worker (Trusted Types).
const policy = globalThis.trustedTypes?.createPolicy("lapak", {
  createScriptURL(path) {
    if (path !== "sw.js") throw new TypeError("not ours");
    return path;
  },
});

/** Register the worker. `ready(swap)` is called when a new version waits; `swap()` starts it and loads the page anew. */
export async function stayFresh(ready) {
  if (!("serviceWorker" in navigator)) return;
  const own = await navigator.serviceWorker.register(policy ? policy.createScriptURL("sw.js") : "sw.js", { updateViaCache: "none" });
  let asked = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => asked && location.reload());
  const offer = (worker) => ready(() => {
    asked = true;
    worker.postMessage("start");
  });
  const watch = (worker) => worker?.addEventListener("statechange", () => {
    if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker);
  });
  own.addEventListener("updatefound", () => watch(own.installing));
  watch(own.installing);
  if (own.waiting && navigator.serviceWorker.controller) offer(own.waiting);
  const look = () => own.update().catch(() => {}); // without network there is nothing to find
  setInterval(look, EVERY);
  addEventListener("online", look);
}

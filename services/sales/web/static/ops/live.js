// Keeps the figures of a page new without moving it: what changed is changed where it stands, so that focus, unfolded
// tables and scrolled ones stay. The server draws; the page comes again as a document, never as text turned into markup.

const EVERY = 2500; // ms
const PATIENCE = 8000;

const find = (name, within = document) => within.querySelector(`[data-live-${name}]`);
const parts = (page) => [...page.querySelectorAll("[data-live]")];

let paused = false;
let timer;

/** The page as it is now. Rejects when it cannot be had; leads to the door whoever is signed out. */
function fetched() {
  return new Promise((resolve, reject) => {
    const asked = new XMLHttpRequest();
    asked.open("GET", location.href);
    asked.responseType = "document";
    asked.timeout = PATIENCE;
    asked.onload = () => {
      if (asked.status === 200 && asked.responseURL.split("#")[0] !== location.href.split("#")[0]) location.reload();
      else if (asked.status === 200 && asked.responseXML) resolve(asked.responseXML);
      else reject(new Error(String(asked.status)));
    };
    asked.onerror = asked.ontimeout = () => reject(new Error("no answer"));
    asked.send();
  });
}

async function renew() {
  clearTimeout(timer);
  if (!document.hidden && !paused) {
    try {
      const page = await fetched();
      if (!paused) for (const part of parts(page)) become(document.querySelector(`[data-live="${part.dataset.live}"]`), part);
      find("lost").hidden = true;
    } catch {
      find("lost").hidden = false;
    }
  }
  clearTimeout(timer); // somebody may have come back to the page meanwhile
  timer = setTimeout(renew, EVERY);
}

/** Make an element what the new one is. What the reader unfolded stays unfolded. */
function become(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const focused = document.activeElement;
  const left = [...old.childNodes];
  const made = [...fresh.childNodes].map((child) => {
    const at = left.findIndex((one) => alike(one, child));
    const mine = at < 0 ? document.importNode(child, true) : left.splice(at, 1)[0];
    if (mine.nodeType === Node.ELEMENT_NODE && at >= 0) become(mine, child);
    else if (mine.nodeValue !== child.nodeValue) mine.nodeValue = child.nodeValue;
    return mine;
  });
  for (const gone of left) gone.remove();
  made.forEach((child, at) => old.childNodes[at] !== child && old.insertBefore(child, old.childNodes[at] ?? null));
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
}

const alike = (one, other) =>
  one.nodeName === other.nodeName && one.dataset?.key === other.dataset?.key && (one.id ?? "") === (other.id ?? "");

/** A button that stops this, and then says how it goes on. */
function pausing(button) {
  const words = [button.textContent, button.dataset.livePause];
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = words[Number(paused)];
    if (!paused) renew();
  });
}

find("reload").hidden = true; // it comes by itself
pausing(find("pause"));
document.addEventListener("visibilitychange", renew);
timer = setTimeout(renew, EVERY);

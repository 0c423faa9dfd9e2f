// Who this device is: paired once with a code from an operator, then it keeps its token.
import { Clock } from "./clock.js";

const PATIENCE = 20_000; // ms for one request
const LEAVING = 2000; // ms for which a page that is being left may hold its lock yet

export class Device {
  constructor(store, service) {
    Object.assign(this, {
      store,
      service,
      paired: null,
      drift: null,
      epoch: null,
      heardAt: null,
      clock: new Clock(store),
    });
  }

  /** Read what is known since an earlier start. */
  async load() {
    this.paired = (await this.store.get("device")) ?? null;
    await this.clock.load();
    return this;
  }

  /**
   * Turn a code into a token. `may(said)` tells why the code will not do (another register than the one whose sales
   * are still here), or null, or a promise of that.
   * @returns {Promise<string|null>} "unknown", "many", "later", "offline", or what `may` said; null: paired
   */
  async pair(code, may) {
    let answer;
    try {
      answer = await this.api("POST", `/${this.service}/v1/pairing-claims`, { code });
    } catch {
      return "offline";
    }
    if (answer.status === 429) return "many";
    if (answer.status >= 500) return "later";
    if (answer.status !== 200) return "unknown";
    const wrong = await may(answer.body);
    if (wrong) return wrong;
    await this.claimed(answer.body);
    this.paired = null; // nothing of what it was before, such as names
    await this.keep({ ...answer.body, paired_at: this.clock.text(), fresh: true });
    return null;
  }

  /** Remember (more of) who this is. */
  async keep(known) {
    this.paired = { ...(this.paired ?? {}), ...known };
    await this.store.set("device", this.paired);
  }

  /**
   * One request to our own origin. @returns {Promise<{status, body, etag, retryAfter}>}
   * Rejects when there is no network, or no answer within PATIENCE.
   */
  async api(method, path, body = undefined, headers = {}) {
    const sent = { Accept: "application/json", ...headers };
    if (this.paired?.token) sent.Authorization = `Bearer ${this.paired.token}`;
    if (body !== undefined) sent["Content-Type"] = "application/json";
    const options = { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body) };
    const answer = await fetch(path, {
      ...options,
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE),
    });
    this.#listen(path, answer.headers);
    const text = await answer.text();
    const wait = Number(answer.headers.get("Retry-After"));
    return {
      status: answer.status,
      body: text && /json/.test(answer.headers.get("Content-Type")) ? JSON.parse(text) : null,
      etag: answer.headers.get("ETag"),
      retryAfter: wait ? wait * 1000 : undefined,
    };
  }

  /** What an answer says besides: the time (`drift`: how far this clock is off in s; positive: ahead), and which log it has. */
  #listen(path, headers) {
    const server = Date.parse(headers.get("Date") ?? "");
    if (server) {
      this.drift = Math.round((Date.now() - server) / 1000);
      this.heardAt = new Date(server).toISOString();
      this.clock.heard(server);
    }
    const epoch = headers.get("Lapak-Epoch");
    if (!epoch || !path.startsWith(`/${this.service}/`)) return;
    this.epoch = epoch;
    this.onepoch?.(epoch, Date.parse(headers.get("Lapak-Parted") ?? "") || null);
  }

  /** All items of a list, page after page; null when the server will not give it. `path` has a query. Rejects without network. */
  async all(path) {
    const items = [];
    for (let next = ""; next !== null;) {
      const answer = await this.api("GET", next ? `${path}&after=${encodeURIComponent(next)}` : path);
      if (answer.status !== 200) return null;
      items.push(...answer.body.items);
      next = answer.body.next;
    }
    return items;
  }
}

/** UUID, version 7: its order is that of time, which the server's indexes like. */
export function uuid7(now = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 5, rest = now; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * Work in one tab only. @returns {Promise<boolean>} whether this is the one; `lost()` is called when another takes over.
 * `steal`: take it from whichever has it.
 */
export function onlyTab(name, lost, steal = false) {
  return new Promise((resolve) => {
    let mine = false;
    const waits = new AbortController();
    const held = () => {
      mine = true;
      resolve(true);
      return new Promise(() => {}); // for as long as the tab lives
    };
    navigator.locks
      .request(name, steal ? { steal: true } : { signal: waits.signal }, held)
      .catch(() => (mine ? lost() : resolve(false))); // stolen; or somebody else has it, and keeps it
    setTimeout(() => mine || kept(name).then((yes) => yes && waits.abort()), LEAVING);
  });
}

/** Whether some tab really has the lock: else a slow browser just has not given it yet. Looks until one has. */
async function kept(name) {
  const { held } = await navigator.locks.query();
  if (held.some((one) => one.name === name)) return true;
  await new Promise((later) => setTimeout(later, LEAVING));
  return kept(name);
}

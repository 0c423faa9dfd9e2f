// The queue of what the server lacks. Whoever records a fact puts it here in the same transaction; one loop sends.
// An entry leaves when the server says that it has it, and not before: the server takes the same fact any number of times.

const FIRST_PAUSE = 1000; // ms; doubled at each failure
const LONGEST_PAUSE = 60_000;
const MOST = 100; // facts in one request

/**
 * Entries: {seq, kind, id, at, method, path, body, list?, timed, problem?}. Entries with a `list` are sent together,
 * as {[list]: [bodies]}, with the device's time as `sent_at` where they are `timed`; others alone. `problem` is why the server will not have it: a person must look.
 *
 * `settle(tx, entry, answer)` notes what the server said, in the transaction in which the entry leaves.
 */
export class Outbox extends EventTarget {
  constructor(store, device, settle) {
    super();
    Object.assign(this, { store, device, settle });
    this.state = { unsent: 0, oldest: null, refused: 0, trouble: null, drift: device.drift, sentAt: null };
    this.single = false; // one at a time, to find the one that the server will not have
    this.pause = 0;
  }

  /** In the transaction that records the fact. */
  add(tx, { kind, id, no = null, method = "POST", path, body, list = null, timed = false, at = new Date().toISOString() }) {
    return tx.put("outbox", { kind, id, no, method, path, body, list, timed, at });
  }

  /** Send for ever; `wake` cuts a pause short. */
  async run() {
    addEventListener("online", () => this.wake(true));
    await this.#again();
    while (!this.stopped) {
      const worked = await this.#step().catch((error) => ({ trouble: "defect", error }));
      if (worked.error) console.error(worked.error);
      this.state.trouble = worked.trouble ?? null;
      await this.look();
      if (worked.sent) this.pause = 0;
      else await this.#rest(worked);
    }
  }

  /** Send no more. */
  stop() {
    this.stopped = true;
    this.rouse?.();
  }

  /** There is something new to send, or (`now`) the network is back. */
  wake(now = false) {
    if (now) this.pause = 0;
    if (now || !this.state.trouble) {
      this.woken = true; // also when the loop is not resting at this moment
      this.rouse?.();
    }
    this.look();
  }

  /** Count again, and tell who listens. */
  async look() {
    const entries = await this.store.read((tx) => tx.all("outbox"));
    Object.assign(this.state, {
      unsent: entries.length, oldest: entries[0]?.at ?? null, refused: entries.filter((one) => one.problem).length,
      drift: this.device.drift,
    });
    this.dispatchEvent(new Event("change"));
    return entries;
  }

  /** What was refused is tried again: at each start, and when a person asks. */
  async #again() {
    await this.store.write(async (tx) => {
      for (const entry of await tx.all("outbox")) if (entry.problem) await tx.put("outbox", { ...entry, problem: null });
    });
  }

  async retry() {
    await this.#again();
    this.wake(true);
  }

  async #rest({ trouble, wait }) {
    if (trouble) this.pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, this.pause * 2));
    const ms = trouble ? (wait ?? this.pause * (0.8 + Math.random() * 0.4)) : LONGEST_PAUSE;
    if (!this.woken) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.rouse = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.woken = false;
  }

  async #next() {
    const entries = (await this.store.read((tx) => tx.all("outbox"))).filter((entry) => !entry.problem);
    const [first] = entries;
    if (!first?.list) return entries.slice(0, 1);
    const same = entries.findIndex((entry) => entry.path !== first.path || entry.list !== first.list);
    return entries.slice(0, Math.min(this.single ? 1 : MOST, same < 0 ? Infinity : same));
  }

  async #step() {
    const batch = await this.#next();
    if (!batch.length) return {};
    const [{ method, path, list, timed, body }] = batch;
    const content = list ? { [list]: batch.map((entry) => entry.body), ...(timed ? { sent_at: new Date().toISOString() } : {}) } : body;
    let answer;
    try {
      answer = await this.device.api(method, path, content);
    } catch {
      return { trouble: "offline" };
    }
    if (answer.status === 401) return { trouble: "revoked" };
    if (answer.status >= 500 || answer.status === 408 || answer.status === 429) {
      return { trouble: "server", wait: answer.retryAfter };
    }
    return this.#answered(batch, answer);
  }

  /** The server has spoken: take what it has, mark what it refuses. */
  async #answered(batch, answer) {
    const good = answer.status < 300;
    if (!good && batch.length > 1) {
      this.single = true;
      return { sent: true };
    }
    await this.store.write(async (tx) => {
      for (const [index, entry] of batch.entries()) {
        const said = entry.list && good ? answer.body.results[index] : answer.body;
        const refused = !good || said?.status === "conflict" || said?.status === "invalid";
        await this.settle(tx, entry, said, refused);
        if (refused) await tx.put("outbox", { ...entry, problem: { status: answer.status, said } });
        else await tx.delete("outbox", entry.seq);
      }
    });
    if (good && batch.length === 1) this.single = false;
    this.state.sentAt = new Date().toISOString();
    return { sent: true };
  }
}

// The queue of what the server lacks. Whoever records a fact puts it here in the same transaction; one loop sends.
// An entry leaves when the server says that it has it, and not before: the server takes the same fact any number of times.
import { Again } from "./again.js";
import { stamp, told } from "./clock.js";

const FIRST_PAUSE = 1000; // ms; doubled at each failure
const LONGEST_PAUSE = 60_000;
const MOST = 100; // facts in one request
const TRIED_AGAIN = 600_000; // ms after which what was refused is tried again: the server may be another version by now
const CHUNK = 500; // entries looked through at once
const MANY = 5000; // records looked through at once where somebody waits for all of them

/**
 * Entries: {seq, kind, id, at, method, path, body, list?, timed, again?, problem?}. Entries with a `list` are sent together,
 * as {[list]: [bodies]}; others alone. With those that are `timed` goes the device's time at sending. `again`: the server had it
 * once. `problem` is why the server will not have it: a person must look.
 *
 * `screen`: `settle(tx, entry, said, refused, hadAt)` notes what the server said, in the transaction in which the entry leaves;
 * and, where it has them, `tally(entry, by, had)`: one more (1) or less (−1) is in the queue, (`had`) for the server has it; `report(entry, rest)`: what a request says
 * besides; `heard(answer, entry)`: what the answer says besides; `kinds`, `requests` and `waits` (see Again).
 */
export class Outbox extends EventTarget {
  constructor(store, device, screen) {
    super();
    Object.assign(this, { store, device, screen, again: new Again(store, screen), pause: 0, queued: 0 });
    this.state = { unsent: 0, oldest: null, refused: 0, again: 0, trouble: null, drift: device.drift, sentAt: null };
    this.single = false; // one at a time, to find the one that the server will not have
  }

  /** In the transaction that records the fact. */
  add(tx, { kind, id, no = null, method = "POST", path, body, list = null, timed = false, again = false, at = this.device.clock.text() }) {
    const entry = { kind, id, no, method, path, body, list, timed, again, at };
    tx.after(() => {
      this.#moved(entry, 1);
      if (!again) this.#tell(this.state.oldest ?? at); // at once: what is recorded is not called sent for a moment
    });
    return tx.put("outbox", entry);
  }

  #moved(entry, by, had = false) {
    this.queued += by;
    this.again.goes(entry, by);
    this.screen.tally?.(entry, by, had);
  }

  /** It stays in the queue, and nothing waits for it. */
  #refused(entry) {
    this.again.goes(entry, -1);
    this.state.refused += 1;
  }

  /** Take one that was refused out of the queue, in the caller's transaction. @returns it, null when it is not there */
  async withdraw(tx, id) {
    for await (const entry of this.#entries(tx)) {
      if (entry.id !== id || !entry.problem) continue;
      await tx.delete("outbox", entry.seq);
      tx.after(() => {
        this.#moved(entry, -1);
        this.state.refused -= 1;
      });
      return entry;
    }
    return null;
  }

  /** All entries, without holding all of them in memory at once. */
  async *#entries(tx) {
    for (let after = 0, some = []; some.length || !after; after = some.at(-1).seq) {
      some = await tx.all("outbox", IDBKeyRange.lowerBound(after, true), CHUNK);
      yield* some;
      if (some.length < CHUNK) return;
    }
  }

  /** The first `most` entries. */
  first = (most) => this.store.read((tx) => tx.all("outbox", null, most));

  /** Read where the queue stands: before anything is said about it, and before the server is heard. */
  async load() {
    await this.again.load();
    await this.look();
    return this;
  }

  /** Send for ever; `wake` cuts a pause short. */
  async run() {
    addEventListener("online", () => this.wake(true));
    await this.#count();
    while (!this.stopped) {
      const worked = await this.#turn().catch((error) => ({ trouble: "defect", error }));
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
    return this.look();
  }

  /** Look at the queue's beginning, and tell who listens. */
  async look() {
    const [[oldest], queued] = await this.store.read(async (tx) => [await tx.all("outbox", null, 1), this.queued || (await tx.count("outbox"))]);
    this.queued = oldest ? queued : 0;
    this.#tell(oldest?.at ?? null);
  }

  #tell(oldest) {
    const again = this.again.left;
    Object.assign(this.state, { unsent: this.queued + again, again, oldest, drift: this.device.drift });
    this.dispatchEvent(new Event("change"));
  }

  /** Look through all of it. What was refused is tried again: at each start, now and then, and when a person asks. */
  async #count() {
    this.tried = performance.now();
    const count = async (tx, mend) => {
      const counted = [];
      for await (const entry of this.#entries(tx)) {
        counted.push(entry);
        if (entry.problem) await mend(entry);
      }
      tx.after(() => {
        this.screen.tally?.(null, 0);
        this.queued = this.again.going = 0;
        for (const entry of counted) this.#moved(entry, 1);
        this.state.refused = counted.filter((entry) => entry.problem).length;
      });
    };
    await this.store.read((tx) => count(tx, () => {}));
    if (!this.state.refused) return;
    await this.store.write((tx) => count(tx, (entry) => tx.put("outbox", Object.assign(entry, { problem: null }))));
  }

  retry = () => this.#count().then(() => this.wake(true));

  async #rest({ trouble, wait }) {
    if (trouble) this.pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, this.pause * 2));
    const ms = trouble ? (wait ?? this.pause * (0.8 + Math.random() * 0.4)) : LONGEST_PAUSE;
    if (!this.woken) {
      await new Promise((resolve) => {
        this.rouse = resolve;
        setTimeout(resolve, ms);
      });
    }
    this.woken = false;
  }

  /** A server in another epoch may have lost what it had: whoever heard of it tells. */
  async epoch(epoch, parted) {
    if (await this.again.heard(epoch, parted)) this.wake();
  }

  async #turn() {
    // What was refused, perhaps because the server lacked what went again since.
    if (this.again.over() || (this.state.refused && performance.now() > this.tried + TRIED_AGAIN)) await this.#count();
    if (this.again.work && this.queued - this.state.refused < MOST) await this.#queueAgain();
    return this.#step();
  }

  #queueAgain(most) {
    const waiting = async (tx) => new Set((await tx.all("outbox")).map((entry) => entry.kind + entry.id));
    return this.again.some((tx, entry) => this.add(tx, entry), waiting, most);
  }

  /** All that the server lacks, also what a restored one is still to be sent again. */
  async everything() {
    while (this.again.work) await this.#queueAgain(MANY);
    const [all, later] = [await this.first(), this.again.later];
    return later ? all.sort((one, other) => later(one) - later(other)) : all;
  }

  async #next() {
    const all = await this.first(MOST + 1 + this.state.refused);
    const { later } = this.again;
    const entries = all.filter((entry) => !entry.problem && !later?.(entry));
    const [first] = entries;
    const same = entries.findIndex((entry) => entry.path !== first.path || entry.list !== first.list);
    const many = first?.list ? Math.min(this.single ? 1 : MOST, same < 0 ? Infinity : same) : 1;
    const batch = entries.slice(0, many);
    return [batch, all.find((entry) => !batch.includes(entry))];
  }

  /** The body of a request; `next` is the first entry besides the batch: what was refused waits, too. */
  #content(batch, next) {
    const [first] = batch;
    const timed = first.timed ? { sent_at: told(), sent_clock: stamp() } : {};
    // Another window may have queued what this one has not counted yet.
    const unsent = Math.max(next ? 1 : 0, this.queued + this.again.left - batch.length);
    const rest = { unsent, oldest_at: next?.at ?? null };
    const said = first.list ? this.screen.report?.(first, rest) : null;
    return first.list ? { [first.list]: batch.map((entry) => entry.body), ...timed, ...said } : { ...first.body, ...timed };
  }

  async #step() {
    const [batch, next] = await this.#next();
    if (!batch.length) return this.again.work ? { sent: true } : {};
    let answer;
    try {
      answer = await this.device.api(batch[0].method, batch[0].path, this.#content(batch, next));
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
        await this.screen.settle(tx, entry, said, refused, this.device.heardAt);
        if (refused) await tx.put("outbox", { ...entry, problem: { status: answer.status, said } });
        else await tx.delete("outbox", entry.seq);
        tx.after(() => (refused ? this.#refused(entry) : this.#moved(entry, -1, said?.status === "recorded")));
      }
    });
    if (good && batch.length === 1) this.single = false;
    this.state.sentAt = this.device.clock.text();
    if (good) await this.screen.heard?.(answer.body, batch[0]);
    return { sent: true };
  }
}

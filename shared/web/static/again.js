// Facts are sent again when the server was put back to an older state: it says so by another epoch. From the device's own
// records, a few at a time, so that nobody who sells waits; where it stands is kept, so that a restart goes on from there.

const CHUNK = 100; // records
const MARGIN = 3_600_000; // ms; clocks of servers differ
const SETTLED = 10_000; // ms; after a change of epoch some processes still say the old one, for two seconds

export class Again {
  /**
   * `kinds`: of records that are facts, in the order in which they go, "kind" or "kind:part"; `requests(record, part)`:
   * what to send of one; `unsent`: how a record says that it waits; `waits(entry)`: which entries wait for all others
   * that go again.
   */
  constructor(store, { kinds = [], requests, unsent = {}, waits = null }) {
    Object.assign(this, { store, kinds, requests, unsent, waits });
    Object.assign(this, { epochs: [], work: null, changed: -Infinity, going: 0, entered: false });
  }

  async load() {
    await this.store.read(async (tx) => {
      this.epochs = (await tx.get("kv", "epochs")) ?? [];
      this.work = (await tx.get("kv", "again")) ?? null;
    });
  }

  /** One more (1) or less (−1) that goes again is in the queue, and not refused. */
  goes(entry, by) {
    if (entry.again && !entry.problem && !this.waits?.(entry)) this.going += by;
  }

  /** Which entries have to wait; null while none has to. */
  get later() {
    return this.work || this.going > 0 ? this.waits : null;
  }

  /** Whether the server has all again, since it said another epoch: once. */
  over() {
    const over = this.entered && !this.work && this.going <= 0;
    if (over) this.entered = false;
    return over;
  }

  /** How many records are still to be looked through. */
  get left() {
    return this.work?.left ?? 0;
  }

  /**
   * A server's log is in this epoch; up to `parted` (ms or null) it is the same as in any other. The last of `epochs` is the
   * one that facts were last sent to; one that was left is entered again when it stays: another database was put back.
   * @returns {Promise<boolean>} whether facts have to be sent again
   */
  async heard(epoch, parted) {
    if (epoch === this.epochs.at(-1)) return false;
    if (this.epochs.includes(epoch) && performance.now() - this.changed < SETTLED) return false;
    return this.store.write(async (tx) => {
      const [before, open] = [(await tx.get("kv", "epochs")) ?? [], await tx.get("kv", "again")];
      if (before.at(-1) === epoch) return this.#keep(tx, before, open ?? null);
      const epochs = [...before.filter((one) => one !== epoch), epoch];
      await tx.put("kv", epochs, "epochs");
      if (!before.length) return this.#keep(tx, epochs, open ?? null);
      let left = 0;
      for (const kind of this.kinds) left += await tx.count("records", all(kind));
      const since = parted === null || open?.since === null ? null : Math.min(parted, open?.since ?? parted);
      return this.#keep(tx, epochs, left ? { kinds: this.kinds, after: null, since, left } : null);
    });
  }

  async #keep(tx, epochs, work) {
    await tx.put("kv", work, "again");
    tx.after(() => {
      if (epochs.at(-1) !== this.epochs.at(-1)) Object.assign(this, { changed: performance.now(), entered: true });
      Object.assign(this, { epochs, work });
    });
    return work !== null;
  }

  /** Queue the next few (of `most`). `add(tx, entry)` puts one in the queue; `queued(tx)` says which facts stand there already. */
  some(add, queued, most = CHUNK) {
    return this.store.write(async (tx) => {
      const [work, waiting] = [await tx.get("kv", "again"), await queued(tx)];
      if (!work) return this.#keep(tx, this.epochs, null);
      const records = await tx.all("records", all(work.kinds[0], work.after), most);
      const [, part] = work.kinds[0].split(":");
      for (const record of records) {
        const known = work.since !== null && Date.parse(record.had_at) < work.since - MARGIN;
        const entries = known ? [] : this.requests(record, part).filter((entry) => !waiting.has(entry.kind + entry.id));
        for (const entry of entries) await add(tx, { ...entry, again: true });
        if (entries.length) await tx.put("records", { ...record, ...this.unsent });
      }
      const through = records.length < most;
      const kinds = through ? work.kinds.slice(1) : work.kinds;
      const left = Math.max(0, work.left - records.length);
      return this.#keep(
        tx,
        this.epochs,
        kinds.length ? { ...work, kinds, after: through ? null : records.at(-1).id, left } : null,
      );
    });
  }
}

function all(which, after = null) {
  const [kind] = which.split(":");
  return IDBKeyRange.bound(after === null ? [kind] : [kind, after], [kind, []], after !== null);
}

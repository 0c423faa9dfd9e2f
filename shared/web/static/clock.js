// What time it is, on a device whose clock may be wrong. Two things are certain: the server's time when it was last heard,
// and how long this page has been running since. A clock that is behind that is wrong, with or without network.

const BEHIND = 120_000; // ms; below it is no more than clocks differ by
const KEEP_EVERY = 60_000; // ms

const run = crypto.randomUUID();

const ticks = () => Math.round(performance.now());

/** What the device's clock says, right or wrong: the server works out from it when a fact happened. */
export const told = () => new Date().toISOString();

/** When something happened, by this page's own stop watch: nobody can set that. */
export const stamp = () => ({ run, ms: ticks() });

export class Clock {
  constructor(store) {
    Object.assign(this, { store, seen: null, at: 0, kept: 0 });
  }

  /** What was heard in an earlier run: by now it is at least as late as that. */
  async load() {
    this.seen = (await this.store.get("server_time")) ?? null;
    Object.assign(this, { at: ticks(), kept: this.seen ?? 0 });
    return this;
  }

  /** The server said what time it is (ms). */
  heard(server) {
    Object.assign(this, { seen: server, at: ticks() });
    if (Math.abs(server - this.kept) < KEEP_EVERY) return;
    this.kept = server;
    this.store.set("server_time", server);
  }

  /** The server's time now (ms), at the least; null when it was never heard. */
  get floor() {
    return this.seen === null ? null : this.seen + ticks() - this.at;
  }

  /** Whether the device's clock is known to be behind. */
  get behind() {
    return this.floor !== null && Date.now() < this.floor - BEHIND;
  }

  /**
   * ms: by the device's clock, or by what the server said where that is known to be behind: for people, and for what is
   * decided here. It may be a night too early, so it is nothing to tell a server that can work it out (`told`, `stamp`).
   */
  now() {
    return this.behind ? this.floor : Date.now();
  }

  text() {
    return new Date(this.now()).toISOString();
  }
}

// A device does not keep everything for ever: what the server has and nobody needs any more goes after 400 days, and
// sooner when it takes much room. Numbers do not depend on it: the next one is kept by itself.
const KEPT_DAYS = 400;
const LEAST_DAYS = 35; // kept whatever room it takes
const ROOM = 50_000_000; // characters, about as many bytes
const CHUNK = 200; // records in one transaction: nobody who sells waits for more
const SAMPLE = 200;
const HAD = new Set(["recorded", "duplicate", "exceeds", "proposed", "accepted", "rejected"]);
const DAY = 86_400_000;
const EVERY = DAY / 4;

/** What a number of records takes, by those that were made last. */
async function roomOf(store, kinds) {
  let room = 0;
  for (const kind of kinds) {
    const [count, some] = await store.read(async (tx) => [
      await tx.count("records", IDBKeyRange.bound([kind], [kind, []])),
      await tx.last(kind, "at", SAMPLE),
    ]);
    if (some.length) room += (count * JSON.stringify(some).length) / some.length;
  }
  return room;
}

/** Whether the server has it; pages of before did not note when. */
const has = ({ had_at: at, status, state, close }) =>
  Boolean(at) || HAD.has(status ?? state) || (at === undefined && close?.by === "server");

/** Forget records of a kind from before `until` that the server has; at most CHUNK. @returns [looked at, their room, the last one's time] */
function forget(store, kind, from, until) {
  return store.write(async (tx) => {
    const records = await tx.records(kind, "at", from, until, CHUNK);
    let room = 0;
    for (const record of records) {
      if (!has(record)) continue;
      room += JSON.stringify(record).length;
      await tx.delete("records", [kind, record.id]);
    }
    return [records.length, room, records.at(-1)?.at];
  });
}

/** @returns {Promise<number>} characters that became free. `now`: the server's time in ms */
export async function tidy({ store, screen }, now, limits = {}) {
  const { days = KEPT_DAYS, least = LEAST_DAYS, room = ROOM } = limits;
  const before = (past) => new Date(now - past * DAY).toISOString();
  let over = (await roomOf(store, screen.kinds)) - room;
  let free = 0;
  for (const [until, enough] of [
    [before(days), () => false],
    [before(least), () => over <= 0],
  ]) {
    for (const kind of screen.kinds) {
      for (let from = []; from && !enough();) {
        const [looked, gone, last] = await forget(store, kind, from, until);
        over -= gone;
        free += gone;
        from = looked < CHUNK ? null : [last, ""]; // just after it
      }
    }
  }
  return free;
}

/** Now and then, when the server has said what time it is: a clock that runs ahead must not throw anything away. */
export function keepTidy(app) {
  let done = -Infinity;
  const look = async () => {
    const { heardAt } = app.device;
    if (!heardAt || app.outbox.again.work || performance.now() - done < EVERY) return;
    done = performance.now();
    await tidy(app, Date.parse(heardAt));
  };
  app.outbox.addEventListener("change", look);
}

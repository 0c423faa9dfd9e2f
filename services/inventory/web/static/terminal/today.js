// What this terminal recorded today, and what became of it. Makers are a number here, never a reference.
import { businessDay, nameOf } from "../shared/words.js";

const KEPT_DAYS = 8; // of what the server has

const dayBegan = () => new Date(`${businessDay()}T00:00:00+08:00`).toISOString();

export class Today {
  constructor(app) {
    Object.assign(this, { app, records: [] });
  }

  /** Today's, and whatever the server does not have; the latest first. */
  async load() {
    const all = await this.app.store.read((tx) => tx.records("output"));
    const began = dayBegan();
    this.records = all.filter((one) => one.at >= began || unsent(one)).reverse();
  }

  /** Forget what is long over. */
  async tidy() {
    const old = new Date(Date.now() - KEPT_DAYS * 86_400_000).toISOString();
    await this.app.store.write(async (tx) => {
      for (const one of await tx.records("output")) if (one.at < old && !unsent(one)) await tx.delete("records", ["output", one.id]);
    });
  }

  /** In one transaction: the output, its place in the queue, and the end of the entry that it came from. */
  async record(output, { name, unit }) {
    const { id, sku, good, rejected, made_at, recorded_at: at, makers } = output;
    const { outbox, store } = this.app;
    await store.write(async (tx) => {
      await outbox.add(tx, { kind: "output", id, path: "/inventory/v1/outputs", list: "outputs", body: output, at });
      await tx.put("records", { kind: "output", id, at, sku, name, unit, good, rejected, made_at, makers: makers.length, state: "waiting" });
      await tx.delete("kv", "entry");
    });
    outbox.wake();
    await this.load();
  }

  /** What the server said of one, in the transaction in which it leaves the queue. */
  async settle(tx, { id }, said, refused) {
    const known = await tx.get("records", ["output", id]);
    if (known) await tx.put("records", { ...known, state: refused ? "refused" : "proposed", problem: refused ? said : null });
  }

  /** Join with what the server knows. Without network nothing changes. */
  async refresh(products) {
    const path = `/inventory/v1/outputs?recorded_from=${dayBegan()}&limit=1000`;
    const items = await this.app.device.all(path).catch(() => null);
    if (!items) return;
    await this.app.store.write(async (tx) => {
      for (const item of items) {
        const known = await tx.get("records", ["output", item.id]);
        if (!known || !unsent(known)) await tx.put("records", joined(known, item, products));
      }
    });
    await this.load();
  }

  /** Take one that was refused out of the queue, to be made anew as `entry`. @returns its body, null when it is gone */
  async reopen(id, entryOf) {
    return this.app.store.write(async (tx) => {
      const queued = (await tx.all("outbox")).find((one) => one.id === id && one.problem);
      if (!queued) return null;
      const entry = entryOf(queued.body);
      await tx.put("kv", entry, "entry");
      await tx.delete("outbox", queued.seq);
      await tx.delete("records", ["output", id]);
      return entry;
    });
  }
}

const unsent = ({ state }) => state === "waiting" || state === "refused";

function joined(known, item, products) {
  const { id, sku, good, rejected, made_at, recorded_at: at, status: state, accepted_good, lot, reason } = item;
  const product = products.of(sku);
  const about = known ?? { kind: "output", id, at, name: product?.name ?? { id: sku, en: sku }, unit: product?.unit ?? "" };
  return { ...about, sku, good, rejected, made_at, makers: item.makers.length, state, accepted_good, lot, reason };
}

/** The name of a record's product. */
export const recordName = (record) => nameOf(record.name) || record.sku;

// What this terminal recorded today, and what became of it. Makers are shown as a number, never as a reference.
import { businessDay, nameOf, number, t } from "../shared/words.js";

const SHOWN_UNSENT = 200;

/** How an output reaches the server: again too, from its record; those that the server told of are not ours to send. */
const sent = ({ id, at, body }) => ({ kind: "output", id, path: "/inventory/v1/outputs", list: "outputs", body, at });

export const requests = (record) => (record.body ? [sent(record)] : []);

export class Today {
  constructor(app) {
    Object.assign(this, { app, records: [] });
  }

  #began = () => new Date(`${businessDay(this.app.device.clock.now())}T00:00:00+08:00`).toISOString();

  /** Today's, and whatever the server does not have; the latest first. */
  async load() {
    const began = this.#began();
    const [today, queued] = await this.app.store.read(async (tx) => {
      const entries = await tx.all("outbox", null, SHOWN_UNSENT);
      const known = await Promise.all(entries.map(({ id }) => tx.get("records", ["output", id])));
      return [await tx.records("output", "at", began), known];
    });
    this.records = [...queued.filter((one) => one && one.at < began && unsent(one)), ...today].sort((one, other) => (one.at < other.at ? 1 : -1));
  }

  /** In one transaction: the output, its place in the queue, and the end of the entry that it came from. */
  async record(output, { name, unit }) {
    const { id, sku, good, rejected, made_at, recorded_at: at, makers } = output;
    const { outbox, store } = this.app;
    const about = () => [t("HASIL KERJA", "OUTPUT"), `${number(good)} ${unit} ${nameOf(name) || sku}`, `${t("rusak", "rejected")} ${number(rejected)}`, ...makers.map((maker) => `${maker.worker_ref} ${maker.share_bp / 100} %`)].join("\n");
    await store.write(async (tx) => {
      if (await tx.get("records", ["output", id])) return; // tried again, though it was on the disk
      const made = { kind: "output", id, at, sku, name, unit, good, rejected, made_at, makers: makers.length, state: "waiting", body: output };
      await outbox.add(tx, sent(made));
      await tx.put("records", made);
      await tx.delete("kv", "entry");
    }, about);
    outbox.wake();
    await this.load();
  }

  /** What the server said of one, in the transaction in which it leaves the queue. */
  async settle(tx, { id }, said, refused, hadAt) {
    const known = await tx.get("records", ["output", id]);
    if (known) await tx.put("records", { ...known, had_at: refused ? null : hadAt, state: refused ? "refused" : "proposed", problem: refused ? said : null });
  }

  /** Join with what the server knows. Without network nothing changes. */
  async refresh(products) {
    const path = `/inventory/v1/outputs?recorded_from=${this.#began()}&limit=1000`;
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
      const queued = await this.app.outbox.withdraw(tx, id);
      if (!queued) return null;
      const entry = entryOf(queued.body);
      await tx.put("kv", entry, "entry");
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

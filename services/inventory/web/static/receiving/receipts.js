// What was counted here: recorded on this device first, sent, and only then compared with what was dispatched.
import { uuid7 } from "../shared/device.js";
import { t } from "../shared/words.js";
import { begunCount, compared, countedLines } from "./count.js";

const SHOWN_DAYS = 14;
const SHOWN_UNSENT = 100;

/** How a receipt reaches the server: again too, from its record. */
const sent = ({ id, at, consignment_id: note, signed_by, lines }) => {
  const body = { id, received_at: at, signed_by, lines: lines.map(({ sku, lot, good, damaged }) => ({ sku, lot, good, damaged })) };
  return { kind: "receipt", id, path: `/inventory/v1/consignments/${note}/receipts`, body, at };
};

export const requests = (record) => [sent(record)];

export class Receipts {
  constructor(app) {
    Object.assign(this, { app, records: [] });
  }

  /** The latest first, and whatever the server does not have. */
  async load() {
    const old = new Date(this.app.device.clock.now() - SHOWN_DAYS * 86_400_000).toISOString();
    const { outlet } = this.app.device.paired ?? {};
    const [late, queued] = await this.app.store.read(async (tx) => {
      const entries = await tx.all("outbox", null, SHOWN_UNSENT);
      return [await tx.records("receipt", "at", old), await Promise.all(entries.map(({ id }) => tx.get("records", ["receipt", id])))];
    });
    const all = [...queued.filter((one) => one && one.at < old), ...late];
    this.records = all.filter((one) => one.outlet === outlet || one.state !== "recorded").reverse();
  }

  of = (id) => this.records.find((one) => one.id === id) ?? null;

  /** Whether a delivery note was counted on this device. */
  has = (consignment) => this.records.some((one) => one.consignment_id === consignment);

  /** In one transaction: the receipt, its place in the queue, and the end of the count. @returns its id */
  async record(count, code) {
    const { outbox, store, device } = this.app;
    const [id, at] = [uuid7(), device.clock.text()];
    const lines = countedLines(count).map((line, index) => ({ ...line, extra: count.lines[index].extra }));
    const made = { kind: "receipt", id, at, consignment_id: count.id, from: count.from, outlet: device.paired.outlet, signed_by: code, lines, state: "waiting" };
    await store.write(async (tx) => {
      if (await tx.get("records", ["receipt", id])) return; // tried again, though it was on the disk
      await outbox.add(tx, sent(made));
      await tx.put("records", made);
      await tx.delete("kv", `count:${count.id}`);
      await tx.put("kv", { at: "result", id }, "view");
    }, () => countAsText(count, code));
    outbox.wake();
    await this.load();
    return id;
  }

  /** What the server said, in the transaction in which it leaves the queue. */
  async settle(tx, { id }, said, refused, hadAt) {
    const known = await tx.get("records", ["receipt", id]);
    if (known) await tx.put("records", { ...known, had_at: refused ? null : hadAt, state: refused ? "refused" : "recorded", problem: refused ? said : null });
  }

  /** Fetch what was sent, of those that the server has. @returns {Promise<boolean>} whether something is new */
  async compare() {
    const { device, store } = this.app;
    let found = false;
    for (const record of this.records.filter((one) => one.state === "recorded" && !one.compared)) {
      const path = `/inventory/v1/consignments/${record.consignment_id}`;
      try {
        const [note, counts] = [await device.api("GET", path), await device.api("GET", `${path}/receipts?limit=1000`)];
        if (note.status !== 200 || counts.status !== 200) continue;
        const rows = compared(note.body.dispatched_at ? note.body.lines : [], counts.body.items);
        await store.write((tx) => tx.put("records", { ...record, compared: rows, counts: counts.body.items.length }));
        found = true;
      } catch {
        break; // no network
      }
    }
    if (found) await this.load();
    return found;
  }

  /** Take one that was refused out of the queue, to be counted again. @returns the count, null when it is gone */
  async reopen(id) {
    return this.app.store.write(async (tx) => {
      const record = await tx.get("records", ["receipt", id]);
      const queued = record && (await this.app.outbox.withdraw(tx, id));
      if (!queued) return null;
      const text = (quantity) => String(quantity).replace(".", ",");
      const count = begunCount({ id: record.consignment_id, from: record.from, lines: record.lines });
      count.lines = record.lines.map((line) => ({ ...line, good: text(line.good), damaged: text(line.damaged) }));
      await tx.put("kv", count, `count:${count.id}`);
      await tx.delete("records", ["receipt", id]);
      return count;
    });
  }
}

/** A count, to be written down when it cannot be saved. */
export const countAsText = ({ from, lines }, code = "") =>
  [t("PENERIMAAN dari {from}", "RECEIVED from {from}", { from }), ...lines.map(({ sku, lot, good, damaged }) => `${sku} ${lot ?? ""}: ${good || 0}, ${t("rusak", "damaged")} ${damaged || 0}`), code].join("\n").trim();

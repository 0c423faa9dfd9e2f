// What was counted here: recorded on this device first, sent, and only then compared with what was dispatched.
import { uuid7 } from "../shared/device.js";
import { begunCount, compared, countedLines } from "./count.js";

const KEPT_DAYS = 14;

export class Receipts {
  constructor(app) {
    Object.assign(this, { app, records: [] });
  }

  /** The latest first; what is long over is forgotten. */
  async load() {
    const old = new Date(Date.now() - KEPT_DAYS * 86_400_000).toISOString();
    const { outlet } = this.app.device.paired ?? {};
    await this.app.store.write(async (tx) => {
      const all = await tx.records("receipt");
      for (const one of all) if (one.at < old && one.state === "recorded") await tx.delete("records", ["receipt", one.id]);
      this.records = all.filter((one) => (one.at >= old && one.outlet === outlet) || one.state !== "recorded").reverse();
    });
  }

  of = (id) => this.records.find((one) => one.id === id) ?? null;

  /** Whether a delivery note was counted on this device. */
  has = (consignment) => this.records.some((one) => one.consignment_id === consignment);

  /** In one transaction: the receipt, its place in the queue, and the end of the count. @returns its id */
  async record(count, code) {
    const { outbox, store, device } = this.app;
    const [id, at] = [uuid7(), new Date().toISOString()];
    const body = { id, received_at: at, signed_by: code, lines: countedLines(count) };
    const about = { consignment_id: count.id, from: count.from, outlet: device.paired.outlet, signed_by: code };
    await store.write(async (tx) => {
      await outbox.add(tx, { kind: "receipt", id, path: `/inventory/v1/consignments/${count.id}/receipts`, body, at });
      await tx.put("records", { kind: "receipt", id, at, ...about, lines: count.lines.map(({ extra }, index) => ({ ...body.lines[index], extra })), state: "waiting" });
      await tx.delete("kv", `count:${count.id}`);
      await tx.put("kv", { at: "result", id }, "view");
    });
    outbox.wake();
    await this.load();
    return id;
  }

  /** What the server said, in the transaction in which it leaves the queue. */
  async settle(tx, { id }, said, refused) {
    const known = await tx.get("records", ["receipt", id]);
    if (known) await tx.put("records", { ...known, state: refused ? "refused" : "recorded", problem: refused ? said : null });
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
      const queued = (await tx.all("outbox")).find((one) => one.id === id && one.problem);
      const record = await tx.get("records", ["receipt", id]);
      if (!queued || !record) return null;
      const text = (quantity) => String(quantity).replace(".", ",");
      const count = begunCount({ id: record.consignment_id, from: record.from, lines: record.lines });
      count.lines = record.lines.map((line) => ({ ...line, good: text(line.good), damaged: text(line.damaged) }));
      await tx.put("kv", count, `count:${count.id}`);
      await tx.delete("outbox", queued.seq);
      await tx.delete("records", ["receipt", id]);
      return count;
    });
  }
}

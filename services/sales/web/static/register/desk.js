// What happened at the register. Each fact is written in one transaction with its number and its place in the queue,
// before anybody is told that it happened: what is on the receipt is on the disk.
import { stamp, told } from "../shared/clock.js";
import { uuid7 } from "../shared/device.js";
import { nameOf, number, rupiah, t } from "../shared/words.js";
import { amountOf, totalOf } from "./money.js";
import { KINDS } from "./pay.js";

/** How each kind of fact reaches the server: again too, from its record. */
const SENT = {
  sale: ({ register, id, no, at, sale }) => ({ kind: "sale", id, no, at, path: `/sales/v1/registers/${register}/sales`, list: "sales", timed: true, body: sale }),
  return: ({ register, id, at, body }) => ({ kind: "return", id, at, path: `/sales/v1/registers/${register}/returns`, list: "returns", timed: true, body }),
  open: ({ register, id, at, told: said = at, opening_float, cashier, device_clock: clock }) => ({
    kind: "shift-open", id, at, method: "PUT", path: `/sales/v1/shifts/${id}`, timed: Boolean(clock), body: { register, opened_at: said, opening_float, cashier, ...clocked(clock) },
  }),
  close: ({ id, close: { at, told: said = at, counted, device_clock: clock } }) => ({
    kind: "shift-close", id, at, path: `/sales/v1/shifts/${id}/close`, timed: Boolean(clock), body: { closed_at: said, counted: { cash: counted }, ...clocked(clock) },
  }),
};

/** The stamp of a fact; pages of before made none. */
const clocked = (clock) => (clock ? { device_clock: clock } : {});

/** What the server must have, in this order: at its close a shift is set against the sales and refunds by then. */
export const kinds = ["shift", "sale", "return", "shift:close"];
export const unsent = { status: "unsent" };

/** What to send of a record; `part`: what stands behind its kind. */
export function requests(record, register, part) {
  if (part === "close" && !record.close) return [];
  const how = part ?? (record.kind === "shift" ? "open" : record.kind);
  return [SENT[how]({ ...record, register })];
}

/** Whether it waits for what goes again. */
export const waits = ({ kind }) => kind === "shift-close";

const queue = async ({ outbox, device }, tx, how, record) => outbox.add(tx, SENT[how]({ ...record, register: device.paired.register }));

/** The lines of a sale as the contract wants them. */
function soldLines(lines) {
  return lines.map(({ id, sku, lot, quantity, unit_price, discount, discount_reason }) => {
    const line = { id, sku, lot, quantity, unit_price, discount, amount: amountOf({ quantity, unit_price, discount }) };
    return discount && discount_reason ? { ...line, discount_reason } : line;
  });
}

/**
 * A sale: `lines` of the cart, `payments` [{kind, amount, reference}] that add up to its total, `tendered` the cash handed
 * over. @returns {Promise<object>} its record {kind: "sale", id, no, at, shift, sale, tendered, cashier, status}
 */
export async function recordSale(app, { lines, payments, tendered, names }) {
  const { store, outbox, device } = app;
  const about = () => [t("PENJUALAN", "SALE"), ...lines.map((line) => described(line, names)), `${t("Total", "Total")} ${rupiah(totalOf(lines))}`,
    ...payments.map((one) => `${KINDS[one.kind]()} ${rupiah(one.amount)} ${one.reference ?? ""}`)].join("\n");
  const id = uuid7();
  const record = await store.write(async (tx) => {
    const saved = await tx.get("records", ["sale", id]);
    if (saved) return saved; // tried again, though it was on the disk
    const [no, shift] = [await tx.get("kv", "next_no"), await tx.get("kv", "shift")];
    if (!no || !shift) throw new Error("no number or no open shift");
    const at = device.clock.text();
    const sale = {
      id, register_no: no, shift_id: shift.id, sold_at: told(), device_clock: stamp(), lines: soldLines(lines),
      payments: payments.map((one) => ({ id: uuid7(), kind: one.kind, amount: one.amount, reference: one.reference || null })),
      total: totalOf(lines),
    };
    const made = { kind: "sale", id: sale.id, no, at, shift: shift.id, sale, tendered, names, cashier: shift.cashier, status: "unsent", printed: 0 };
    await tx.put("records", made);
    await queue(app, tx, "sale", made);
    await tx.put("kv", no + 1, "next_no");
    await tx.delete("kv", "cart");
    return made;
  }, about);
  outbox.wake();
  return record;
}

/** Goods back and money out: `lines` [{line_id, sku, lot, quantity, amount, reason_code, restock}] of a sale. */
export async function recordReturn(app, { sale, lines, kind, receipt }) {
  const { store, outbox, device } = app;
  const about = () => [t("PENGEMBALIAN", "REFUND"), receipt, ...lines.map((line) => `${line.quantity} × ${line.sku} ${line.lot ?? ""} ${rupiah(line.amount)}`), KINDS[kind]()].join("\n");
  const id = uuid7();
  const record = await store.write(async (tx) => {
    const saved = await tx.get("records", ["return", id]);
    if (saved) return saved;
    const shift = await tx.get("kv", "shift");
    const at = device.clock.text();
    const amount = lines.reduce((sum, line) => sum + line.amount, 0);
    const body = {
      id, sale_id: sale.id, returned_at: told(), device_clock: stamp(), refund: { kind, amount },
      lines: lines.map((line) => ({ id: uuid7(), ...line })), ...(shift ? { shift_id: shift.id } : {}),
    };
    const made = { kind: "return", id: body.id, no: 0, at, shift: shift?.id ?? null, sale_id: sale.id, receipt, body, status: "unsent", printed: 0 };
    await tx.put("records", made);
    await queue(app, tx, "return", made);
    return made;
  }, about);
  outbox.wake();
  return record;
}

/** A cashier takes the drawer over. */
export async function openShift(app, { cashier, opening_float }) {
  const { store, outbox, device } = app;
  const about = () => `${t("BUKA KASIR", "SHIFT OPENED")}\n${cashier} ${rupiah(opening_float)}`;
  await store.write(async (tx) => {
    if (await tx.get("kv", "shift")) return; // tried again, though it was on the disk; or pressed twice
    const shift = { id: uuid7(), opened_at: device.clock.text(), opening_float, cashier };
    const made = { kind: "shift", no: 0, at: shift.opened_at, told: told(), first_no: await tx.get("kv", "next_no"), device_clock: stamp(), ...shift, close: null };
    await tx.put("kv", shift, "shift");
    await tx.put("records", made);
    await queue(app, tx, "open", made);
  }, about);
  outbox.wake();
}

/** The drawer was counted, blind: `notes` {denomination: count}. @returns the shift's record with `close` */
export async function closeShift(app, notes) {
  const { store, outbox, device } = app;
  const counted = Object.entries(notes).reduce((sum, [note, count]) => sum + note * count, 0);
  const about = () => [t("TUTUP KASIR", "SHIFT CLOSED"), ...Object.entries(notes).map(([note, count]) => `${count} × ${rupiah(Number(note))}`), rupiah(counted)].join("\n");
  const { id } = await store.get("shift");
  const record = await store.write(async (tx) => {
    const [shift, known] = [await tx.get("kv", "shift"), await tx.get("records", ["shift", id])];
    if (!shift) return known;
    const sums = await sumsOf(tx, { ...shift, first_no: known.first_no });
    const close = { at: device.clock.text(), told: told(), device_clock: stamp(), counted, notes, expected: sums.expected, variance: counted - sums.expected, by: "device" };
    const made = { ...known, sums, close, had_at: null };
    await tx.put("records", made);
    await tx.delete("kv", "shift");
    await queue(app, tx, "close", made);
    return made;
  }, about);
  outbox.wake();
  return record;
}

/** A line as text, to be written down. */
export const described = (line, names = {}) => `${number(line.quantity)} × ${nameOf(names[line.sku]) || line.sku} ${line.lot ?? ""} ${rupiah(amountOf(line))}`;

/** The sales of a shift: by number, because the clock may have been set meanwhile. */
const salesOf = (tx, { first_no: first, opened_at: opened }) => (first ? tx.records("sale", "no", first) : tx.records("sale", "at", opened));

/** What this device knows of a shift: receipts, money by kind, refunds, and the cash that should be in the drawer. */
async function sumsOf(tx, shift) {
  const sums = { receipts: 0, first: null, last: null, discount: 0, paid: {}, refunded: {}, returns: 0 };
  for (const { no, sale } of (await salesOf(tx, shift)).filter((one) => one.shift === shift.id)) {
    sums.receipts += 1;
    sums.first ??= no;
    sums.last = no;
    for (const line of sale.lines) sums.discount += line.discount;
    for (const { kind, amount } of sale.payments) sums.paid[kind] = (sums.paid[kind] ?? 0) + amount;
  }
  for (const { body } of (await tx.records("return")).filter((one) => one.shift === shift.id)) {
    sums.returns += 1;
    sums.refunded[body.refund.kind] = (sums.refunded[body.refund.kind] ?? 0) + body.refund.amount;
  }
  sums.expected = shift.opening_float + (sums.paid.cash ?? 0) - (sums.refunded.cash ?? 0);
  return sums;
}

/** Note what the server said of a fact, in the transaction in which it leaves the queue. */
export async function settle(tx, entry, said, refused, hadAt) {
  const kind = entry.kind.startsWith("shift") ? "shift" : entry.kind;
  const record = await tx.get("records", [kind, entry.id]);
  if (!record) return;
  const had = { had_at: refused ? null : hadAt };
  if (kind !== "shift") {
    await tx.put("records", { ...record, ...had, status: refused ? "refused" : (said?.status ?? "recorded"), odd: said?.work_items ?? [] });
  } else if (entry.kind === "shift-close" && !refused) {
    const { expected, counted, variance } = said;
    await tx.put("records", { ...record, ...had, close: { ...record.close, expected, counted, variance, by: "server" } });
  } else if (!record.close) await tx.put("records", { ...record, ...had });
}

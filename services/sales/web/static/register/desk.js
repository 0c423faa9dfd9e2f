// What happened at the register. Each fact is written in one transaction with its number and its place in the queue,
// before anybody is told that it happened: what is on the receipt is on the disk.
import { uuid7 } from "../shared/device.js";
import { amountOf, totalOf } from "./money.js";

const nowText = () => new Date().toISOString();

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
  const { register } = device.paired;
  const record = await store.write(async (tx) => {
    const [no, shift] = [await tx.get("kv", "next_no"), await tx.get("kv", "shift")];
    if (!no || !shift) throw new Error("no number or no open shift");
    const at = nowText();
    const sale = {
      id: uuid7(), register_no: no, shift_id: shift.id, sold_at: at, lines: soldLines(lines),
      payments: payments.map((one) => ({ id: uuid7(), kind: one.kind, amount: one.amount, reference: one.reference || null })),
      total: totalOf(lines),
    };
    const made = { kind: "sale", id: sale.id, no, at, shift: shift.id, sale, tendered, names, cashier: shift.cashier, status: "unsent", printed: 0 };
    await tx.put("records", made);
    await outbox.add(tx, { kind: "sale", id: sale.id, no, at, path: `/sales/v1/registers/${register}/sales`, list: "sales", timed: true, body: sale });
    await tx.put("kv", no + 1, "next_no");
    await tx.delete("kv", "cart");
    return made;
  });
  outbox.wake();
  return record;
}

/** Goods back and money out: `lines` [{line_id, sku, lot, quantity, amount, reason_code, restock}] of a sale. */
export async function recordReturn(app, { sale, lines, kind, receipt }) {
  const { store, outbox, device } = app;
  const record = await store.write(async (tx) => {
    const shift = await tx.get("kv", "shift");
    const at = nowText();
    const amount = lines.reduce((sum, line) => sum + line.amount, 0);
    const body = {
      id: uuid7(), sale_id: sale.id, returned_at: at, refund: { kind, amount },
      lines: lines.map((line) => ({ id: uuid7(), ...line })), ...(shift ? { shift_id: shift.id } : {}),
    };
    const made = { kind: "return", id: body.id, no: 0, at, shift: shift?.id ?? null, sale_id: sale.id, receipt, body, status: "unsent", printed: 0 };
    await tx.put("records", made);
    await outbox.add(tx, { kind: "return", id: body.id, at, path: `/sales/v1/registers/${device.paired.register}/returns`, list: "returns", timed: true, body });
    return made;
  });
  outbox.wake();
  return record;
}

/** A cashier takes the drawer over. */
export async function openShift(app, { cashier, opening_float }) {
  const { store, outbox, device } = app;
  const shift = { id: uuid7(), opened_at: nowText(), opening_float, cashier };
  await store.write(async (tx) => {
    await tx.put("kv", shift, "shift");
    await tx.put("records", { kind: "shift", no: 0, at: shift.opened_at, ...shift, close: null });
    const body = { register: device.paired.register, opened_at: shift.opened_at, opening_float, cashier };
    await outbox.add(tx, { kind: "shift-open", id: shift.id, at: shift.opened_at, method: "PUT", path: `/sales/v1/shifts/${shift.id}`, body });
  });
  outbox.wake();
}

/** The drawer was counted, blind: `notes` {denomination: count}. @returns the shift's record with `close` */
export async function closeShift(app, notes) {
  const { store, outbox } = app;
  const counted = Object.entries(notes).reduce((sum, [note, count]) => sum + note * count, 0);
  const record = await store.write(async (tx) => {
    const shift = await tx.get("kv", "shift");
    const known = await tx.get("records", ["shift", shift.id]);
    const at = nowText();
    const sums = await sumsOf(tx, shift);
    const made = { ...known, sums, close: { at, notes, counted, expected: sums.expected, variance: counted - sums.expected, by: "device" } };
    await tx.put("records", made);
    await tx.delete("kv", "shift");
    const body = { closed_at: at, counted: { cash: counted } };
    await outbox.add(tx, { kind: "shift-close", id: shift.id, at, path: `/sales/v1/shifts/${shift.id}/close`, body });
    return made;
  });
  outbox.wake();
  return record;
}

/** What this device knows of a shift: receipts, money by kind, refunds, and the cash that should be in the drawer. */
async function sumsOf(tx, shift) {
  const sums = { receipts: 0, first: null, last: null, discount: 0, paid: {}, refunded: {}, returns: 0 };
  for (const { no, sale } of (await tx.records("sale", "at", shift.opened_at)).filter((one) => one.shift === shift.id)) {
    sums.receipts += 1;
    sums.first ??= no;
    sums.last = no;
    for (const line of sale.lines) sums.discount += line.discount;
    for (const { kind, amount } of sale.payments) sums.paid[kind] = (sums.paid[kind] ?? 0) + amount;
  }
  for (const { body } of (await tx.records("return", "at", shift.opened_at)).filter((one) => one.shift === shift.id)) {
    sums.returns += 1;
    sums.refunded[body.refund.kind] = (sums.refunded[body.refund.kind] ?? 0) + body.refund.amount;
  }
  sums.expected = shift.opening_float + (sums.paid.cash ?? 0) - (sums.refunded.cash ?? 0);
  return sums;
}

/** Note what the server said of a fact, in the transaction in which it leaves the queue. */
export async function settle(tx, entry, said, refused) {
  const kind = entry.kind.startsWith("shift") ? "shift" : entry.kind;
  const record = await tx.get("records", [kind, entry.id]);
  if (!record) return;
  if (kind !== "shift") {
    await tx.put("records", { ...record, status: refused ? "refused" : (said?.status ?? "recorded"), odd: said?.work_items ?? [] });
  } else if (entry.kind === "shift-close" && !refused) {
    const { expected, counted, variance } = said;
    await tx.put("records", { ...record, close: { ...record.close, expected, counted, variance, by: "server" } });
  }
}

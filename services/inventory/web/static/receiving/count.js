// A count that is going on: lot by lot, good and damaged, as typed. Kept at each change.
import { edited, thousandths, written } from "../shared/keypad.js";

const PIECE = 1000; // thousandths
const CASHIER = /^[a-z0-9-]{3,16}$/;

/** The count of a delivery note, with nothing counted: {id, from, lines, at: [line, column], scanTo}. */
export const begunCount = ({ id, from, lines }) => ({
  id, from, at: [0, "good"], scanTo: "good", lines: lines.map(({ sku, lot }) => ({ sku, lot, good: "", damaged: "", extra: false })),
});

const changed = (count, index, change) => ({ ...count, lines: count.lines.map((line, other) => (other === index ? { ...line, ...change } : line)) });

/** With one more key in the field that is being filled. */
export function typedKey(count, key) {
  const [index, column] = count.at;
  return count.lines[index] ? changed(count, index, { [column]: edited(count.lines[index][column], key) }) : count;
}

/** One more piece of a lot, in the column that scans go to; null when the lot is not among the lines. */
export function withScan(count, lot) {
  const index = count.lines.findIndex((line) => line.lot === lot);
  if (index < 0) return null;
  const column = count.scanTo;
  const more = (thousandths(count.lines[index][column]) ?? 0) + PIECE;
  return { ...changed(count, index, { [column]: written(more) }), at: [index, column] };
}

/** With a lot that is not on the note, and one piece of it. */
export const withExtra = (count, sku, lot) => withScan({ ...count, lines: [...count.lines, { sku, lot, good: "", damaged: "", extra: true }] }, lot);

export const without = (count, index) => ({ ...count, at: [0, "good"], lines: count.lines.filter((_, other) => other !== index) });

/** The field below: all good ones, then all damaged ones; null after the last. */
export function nextField({ lines, at: [index, column] }) {
  if (index + 1 < lines.length) return [index + 1, column];
  return column === "good" ? [0, "damaged"] : null;
}

/** Lines in which nothing was typed at all. */
export const uncounted = (count) => count.lines.filter((line) => line.good === "" && line.damaged === "");

/** The lines as the API takes them: what was not counted is nought. */
export const countedLines = (count) =>
  count.lines.map(({ sku, lot, good, damaged }) => ({ sku, lot, good: (thousandths(good) ?? 0) / PIECE, damaged: (thousandths(damaged) ?? 0) / PIECE }));

/** A signature: the code of a cashier, never a name; null when it is none. */
export function cashierCode(text) {
  const code = text.trim().toLowerCase();
  return CASHIER.test(code) ? code : null;
}

const exact = (quantity) => Math.round(quantity * PIECE);

/**
 * Sent against counted, lot by lot: [{sku, lot, sent, good, damaged, open}] in thousandths; `open` = sent − good − damaged.
 * `sent` and the lines of `receipts` are as the API gives them.
 */
export function compared(sent, receipts) {
  const rows = new Map();
  const row = ({ sku, lot }) => {
    const name = JSON.stringify([sku, lot]);
    if (!rows.has(name)) rows.set(name, { sku, lot, sent: 0, good: 0, damaged: 0, open: 0 });
    return rows.get(name);
  };
  for (const line of sent) row(line).sent += exact(line.quantity);
  for (const line of receipts.flatMap((receipt) => receipt.lines)) {
    row(line).good += exact(line.good);
    row(line).damaged += exact(line.damaged);
  }
  return [...rows.values()].map((one) => ({ ...one, open: one.sent - one.good - one.damaged }));
}

// The entry that is being made: kept at each change, so that closing the browser loses nothing.
import { uuid7 } from "../shared/device.js";
import { edited, thousandths } from "../shared/keypad.js";
import { t } from "../shared/words.js";
import { WHOLE, equal } from "./shares.js";

const MOST_MAKERS = 200; // of the contract

/** A new entry for a product: {sku, name, unit, good, rejected, makers, shares, made_at, field}; figures as typed. */
export const begun = ({ sku, name, unit }) => ({
  sku, name, unit, good: "", rejected: "", makers: [], shares: null, made_at: null, field: "good",
});

/** With one more key in the field that is being filled. */
export const typedKey = (entry, key) => ({ ...entry, [entry.field]: edited(entry[entry.field], key) });

/** With another maker. @returns {[entry, told]} told: why not, or what else changed; null */
export function withMaker(entry, reference) {
  if (entry.makers.includes(reference)) return [entry, t("Kartu ini sudah dipindai.", "This badge was scanned already.")];
  if (entry.makers.length >= MOST_MAKERS) return [entry, t("Paling banyak {n} pembuat.", "At most {n} makers.", { n: MOST_MAKERS })];
  const told = entry.shares && t("Pembagian kembali sama rata.", "The shares are equal again.");
  return [{ ...entry, makers: [...entry.makers, reference], shares: null }, told];
}

/** Without that maker; custom shares begin anew. */
export const withoutMaker = (entry, reference) => ({ ...entry, makers: entry.makers.filter((one) => one !== reference), shares: null });

/** The shares as they will be recorded, in the order of the makers. */
export const sharesOf = (entry) => entry.shares ?? equal(entry.makers.length);

/** What is missing before it can be recorded, and in which field; null when nothing is. */
export function missing(entry, now = Date.now()) {
  const made = (thousandths(entry.good) ?? 0) + (thousandths(entry.rejected) ?? 0);
  if (made === 0) return t("Isi jumlah baik dulu.", "Enter the good quantity first.");
  if (!entry.makers.length) return t("Pindai kartu pembuat.", "Scan a maker's badge.");
  if (entry.made_at && Date.parse(entry.made_at) > now) return t("Waktu pembuatan belum tiba.", "The time of making lies ahead.");
  return null;
}

/** The output as the API takes it, under an id of its own. */
export function outputOf(entry, workshop, at) {
  const shares = sharesOf(entry);
  const quantity = (text) => (thousandths(text) ?? 0) / 1000;
  const makers = entry.makers.map((worker_ref, index) => ({ worker_ref, share_bp: shares[index] }));
  const facts = { sku: entry.sku, good: quantity(entry.good), rejected: quantity(entry.rejected) };
  return { id: uuid7(), workshop, ...facts, made_at: entry.made_at ?? at, recorded_at: at, makers };
}

/** An output that was refused, as an entry again. */
export function entryOf(body, { name, unit }) {
  const text = (quantity) => (quantity ? String(quantity).replace(".", ",") : "");
  const shares = body.makers.map((maker) => maker.share_bp);
  const whole = shares.reduce((sum, share) => sum + share, 0) === WHOLE;
  return {
    ...begun({ sku: body.sku, name, unit }), good: text(body.good), rejected: text(body.rejected), made_at: body.made_at,
    makers: body.makers.map((maker) => maker.worker_ref), shares: whole ? shares : null,
  };
}

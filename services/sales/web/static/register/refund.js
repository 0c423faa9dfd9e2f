// Goods back, money out: by the number on the receipt, never more than was sold and not yet returned.
import { button, dialog, field, fill, h, toast } from "../shared/dom.js";
import { moment, nameOf, number, rupiah, t } from "../shared/words.js";
import { recordReturn } from "./desk.js";
import { partOf, sumOfQuantities } from "./money.js";
import { KINDS } from "./pay.js";
import { receiptNumber } from "./receipt.js";

const REASONS = {
  "damaged": () => t("Rusak", "Damaged"),
  "stale": () => t("Tidak segar", "Not fresh"),
  "wrong-item": () => t("Salah barang", "Wrong item"),
  "not-wanted": () => t("Tidak jadi", "Changed their mind"),
  "recalled": () => t("Ditarik", "Recalled"),
};
const LOOKED_UP = { 401: "revoked", 404: "unknown", 422: "unknown" };
const NOT_FOUND = {
  offline: () => t("Nota ini dari kasir lain: perlu jaringan.", "This receipt is another register's: it needs the network."),
  unknown: () => t("Nota tidak ditemukan. Periksa nomornya.", "No such receipt. Check the number."),
  later: () => t("Nota belum bisa dicari sekarang. Tunggu sebentar, lalu coba lagi.", "The receipt cannot be looked up just now. Wait a moment, then try again."),
  revoked: () => t("Izin perangkat ini sudah dicabut. Pasangkan lagi dengan kode baru.", "This device was revoked. Pair it again with a new code."),
};
const SELLABLE = new Set(["wrong-item", "not-wanted"]);

/** Register and number of what was typed: "12" is our own, "OUT-DKR-1-000012" any register's. */
export function parsed(text, own) {
  const line = text.trim().toUpperCase();
  if (/^\d+$/.test(line)) return { register: own, no: Number(line) };
  const parts = line.match(/^(.+)-(\d+)$/);
  return parts ? { register: parts[1], no: Number(parts[2]) } : null;
}

/**
 * The sale behind a receipt with what came back of it: from this device, joined with what the server knows.
 * @returns {Promise<{sale, names, returned: Map, at}|"offline"|"unknown"|"later"|"revoked">}
 */
export async function lookUp(app, { register, no }) {
  const own = register === app.device.paired.register;
  const [record] = own ? await app.store.read((tx) => tx.records("sale", "no", no, no)) : [];
  const answer = await app.device.api("GET", `/sales/v1/receipts/${encodeURIComponent(register)}/${no}`).catch(() => null);
  const told = answer?.status === 200 ? answer.body : null;
  const sale = record?.sale ?? told;
  if (!sale) return answer ? (LOOKED_UP[answer.status] ?? "later") : "offline";
  const here = (await app.store.read((tx) => tx.records("return"))).filter((one) => one.sale_id === sale.id);
  // The server counts what it has; of ours it has those that are no longer unsent.
  const mine = told ? here.filter((one) => one.status === "unsent") : here;
  const returned = new Map();
  const count = (line, quantity, amount) => {
    const before = returned.get(line) ?? { quantity: 0, amount: 0 };
    returned.set(line, { quantity: sumOfQuantities([before.quantity, quantity]), amount: before.amount + amount });
  };
  for (const one of told?.returned ?? []) count(one.line_id, one.quantity, one.amount);
  for (const line of mine.flatMap((one) => one.body.lines)) count(line.line_id, line.quantity, line.amount);
  return { sale, names: record?.names ?? {}, returned, at: record?.at ?? told.effective_at ?? told.sold_at };
}

/** What a quantity of a line is worth: the last of it takes what is left, so that all parts add up to the line. */
export function worth(line, quantity, before) {
  const left = sumOfQuantities([line.quantity, -before.quantity]);
  if (quantity === left) return line.amount - before.amount;
  return Math.min(partOf(line.amount, quantity, line.quantity), line.amount - before.amount);
}

export function refundDialog(app, receipt = "") {
  return dialog((close) => {
    const place = h("div", { class: "stack" });
    const input = h("input", { class: "input", autofocus: true, autocomplete: "off", name: "receipt", value: receipt, placeholder: receiptNumber(app.device.paired.register, 12) });
    const told = h("p", { class: "banner warn", role: "alert", hidden: true });
    const say = (text) => {
      told.hidden = !text;
      told.textContent = text;
    };
    const seek = async (event) => {
      event?.preventDefault();
      say("");
      fill(place);
      const wanted = parsed(input.value, app.device.paired.register);
      const found = wanted ? await lookUp(app, wanted) : "unknown";
      if (NOT_FOUND[found]) return say(NOT_FOUND[found]());
      return fill(place, new Refund(app, found, close, wanted).form());
    };
    if (receipt) seek();
    return h("div", { class: "stack" }, h("h2", {}, t("Pengembalian", "Refund")), told,
      h("form", { class: "row", onsubmit: seek }, h("div", { class: "grow" }, field(t("Nomor nota", "Receipt number"), input)), h("button", { class: "button primary", "data-seek": true }, t("Cari", "Find"))),
      place, h("div", { class: "actions" }, button(t("Batal", "Cancel"), () => close(), "quiet")));
  }, { label: t("Pengembalian", "Refund"), wide: true });
}

class Refund {
  constructor(app, { sale, names, returned, at }, close, wanted) {
    Object.assign(this, { app, sale, names, returned, at, close, wanted, taken: false });
    this.quantities = new Map(sale.lines.map((line) => [line.id, 0]));
  }

  before = (line) => this.returned.get(line.id) ?? { quantity: 0, amount: 0 };
  left = (line) => sumOfQuantities([line.quantity, -this.before(line).quantity]);

  form() {
    this.sum = h("b", { class: "sum" });
    this.press = h("button", { class: "button danger big", "data-refund": true }, t("Kembalikan uang", "Give the money back"));
    this.reason = h("select", { class: "input", name: "reason", onchange: () => { this.restock.checked = SELLABLE.has(this.reason.value); } }, Object.entries(REASONS).map(([code, name]) => h("option", { value: code }, name())));
    this.restock = h("input", { type: "checkbox", name: "restock" });
    this.kind = h("select", { class: "input", name: "kind" }, Object.entries(KINDS).map(([code, name]) => h("option", { value: code }, name())));
    this.kind.value = this.sale.payments.length === 1 ? this.sale.payments[0].kind : "cash";
    this.rows = h("ol", { class: "lines" });
    this.#draw();
    return h("form", { onsubmit: (event) => this.#take(event) },
      h("p", { class: "soft" }, `${receiptNumber(this.wanted.register, this.wanted.no)} · ${moment(this.at)} · ${rupiah(this.sale.total)}`),
      this.rows, h("div", { class: "columns" }, field(t("Alasan", "Reason"), this.reason), field(t("Dikembalikan lewat", "Paid back by"), this.kind)),
      h("label", { class: "check" }, this.restock, t("Masih layak jual: kembali ke rak", "Fit for sale: back on the shelf")),
      h("div", { class: "row between" }, this.sum, this.press));
  }

  #draw() {
    fill(this.rows, this.sale.lines.map((line) => {
      const [left, chosen] = [this.left(line), this.quantities.get(line.id)];
      const set = (value) => () => {
        this.quantities.set(line.id, Math.max(0, Math.min(left, value)));
        this.#draw();
      };
      const name = nameOf(this.names[line.sku]) || this.app.catalogue.name(line.sku);
      return h("li", { class: "line" },
        h("div", { class: "what" }, h("span", { class: "name" }, name),
          h("span", { class: "small soft" }, left > 0 ? t("dapat kembali: {n}", "can come back: {n}", { n: number(left) }) : t("sudah kembali semua", "all returned already"))),
        h("div", { class: "amounts" },
          button("−", set(chosen - 1), "quiet round", { disabled: !chosen, "aria-label": t("Kurangi {name}", "Less of {name}", { name }) }),
          h("b", { class: "count" }, number(chosen)),
          button("+", set(chosen + 1), "quiet round", { disabled: chosen >= left, "aria-label": t("Tambah {name}", "More of {name}", { name }) }),
          button(t("Semua", "All"), set(left), "quiet", { disabled: chosen >= left })));
    }));
    const total = this.#lines().reduce((sum, line) => sum + line.amount, 0);
    fill(this.sum, rupiah(total));
    this.sum.dataset.sum = total;
    this.press.disabled = this.taken || !this.#lines().length;
  }

  #lines() {
    return this.sale.lines.filter((line) => this.quantities.get(line.id) > 0).map((line) => {
      const quantity = this.quantities.get(line.id);
      return { line_id: line.id, sku: line.sku, lot: line.lot, quantity, amount: worth(line, quantity, this.before(line)) };
    });
  }

  async #take(event) {
    event.preventDefault();
    const lines = this.#lines().map((line) => ({ ...line, reason_code: this.reason.value, restock: this.restock.checked }));
    if (!lines.length || this.taken) return;
    this.taken = true; // however long the disk takes: once
    this.press.disabled = true;
    const made = await recordReturn(this.app, { sale: this.sale, lines, kind: this.kind.value, receipt: receiptNumber(this.wanted.register, this.wanted.no) });
    toast(t("Kembalikan {amount}", "Give back {amount}", { amount: rupiah(made.body.refund.amount) }));
    this.close(made);
  }
}

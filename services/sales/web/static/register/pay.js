// Paying: cash with its change, QRIS by amount and reference, or several together. Nothing is recorded here.
import { button, dialog, fill, h } from "../shared/dom.js";
import { number, rupiah, t } from "../shared/words.js";
import { quickAmounts, totalOf } from "./money.js";

export const KINDS = {
  cash: () => t("Tunai", "Cash"),
  qris: () => "QRIS",
  card: () => t("Kartu", "Card"),
  transfer: () => "Transfer",
};

/** @returns {Promise<{payments: {kind, amount, reference}[], tendered: number}|undefined>} undefined when given up */
export function payDialog(app, lines) {
  return dialog((close) => new Pay(totalOf(lines), close).box, { label: t("Bayar", "Pay"), wide: true });
}

class Pay {
  constructor(total, close) {
    Object.assign(this, { total, close, kind: "cash", payments: [], tendered: 0 });
    this.amount = h("input", { class: "input number amount", inputmode: "numeric", autocomplete: "off", autofocus: true, name: "amount", "aria-label": t("Diterima", "Received") });
    this.reference = h("input", { class: "input", autocomplete: "off", maxlength: "100", name: "reference", placeholder: t("Nomor referensi", "Reference number"), "aria-label": t("Nomor referensi", "Reference number") });
    this.amount.addEventListener("input", () => {
      this.amount.value = this.amount.value ? number(this.#typed) : "";
      this.#tell();
    });
    this.top = h("div", { class: "due" });
    this.tabs = h("div", { class: "tabs", role: "group", "aria-label": t("Cara bayar", "Way to pay") });
    this.quick = h("div", { class: "row" });
    this.told = h("p", { class: "change", role: "status", "aria-live": "polite" });
    this.done = h("button", { class: "button primary big grow", "data-finish": true });
    const keys = (event) => {
      const kind = { F5: "cash", F6: "qris", F7: "card" }[event.key];
      if (kind) {
        event.preventDefault();
        this.#choose(kind);
      }
    };
    this.box = h("form", { class: "pay", onsubmit: (event) => this.#take(event), onkeydown: keys }, this.top, this.tabs,
      h("div", { class: "entry" }, this.amount, this.reference), this.quick, this.#pad(), this.told,
      h("div", { class: "actions" }, button(t("Batal", "Cancel"), () => close(), "quiet big"), this.done));
    this.#choose("cash");
  }

  get left() {
    return this.total - this.payments.reduce((sum, one) => sum + one.amount, 0);
  }

  get #typed() {
    return Number(this.amount.value.replace(/\D/g, ""));
  }

  /** What is typed; an empty field means all that is left. */
  get #given() {
    return this.amount.value ? this.#typed : this.left;
  }

  #choose(kind) {
    this.kind = kind;
    const tab = ([code, name], index) => button([name(), " ", index < 3 ? h("kbd", {}, `F${5 + index}`) : ""], () => this.#choose(code),
      code === kind ? "primary" : "quiet", { "aria-pressed": String(code === kind), "data-kind": code });
    fill(this.tabs, Object.entries(KINDS).map(tab));
    this.reference.hidden = kind === "cash";
    fill(this.quick, kind === "cash" ? quickAmounts(this.left).map((amount) => button(rupiah(amount), () => this.#type(amount), "quiet", { "data-quick": amount })) : []);
    this.amount.value = "";
    this.amount.placeholder = number(this.left);
    this.#tell();
    this.amount.focus();
  }

  #type(amount) {
    this.amount.value = number(amount);
    this.#tell();
    this.amount.focus();
  }

  #pad() {
    const press = (key) => () => {
      const text = this.amount.value.replace(/\D/g, "");
      this.#type(Number(key === "←" ? text.slice(0, -1) : (text + key).slice(0, 12)));
      if (key === "←" && text.length <= 1) this.amount.value = "";
    };
    return h("div", { class: "pad" }, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "000", "0", "←"].map((key) =>
      button(key, press(key), "quiet", { "aria-label": key === "←" ? t("Hapus angka", "Delete digit") : key, tabindex: "-1" })));
  }

  #tell() {
    const paid = this.payments.map((one) => h("p", { class: "row between small" }, `${KINDS[one.kind]()} ${one.reference ?? ""}`, h("b", {}, rupiah(one.amount))));
    fill(this.top, h("div", { class: "row between" }, h("h2", {}, this.payments.length ? t("Sisa", "Left to pay") : t("Total", "Total")), h("b", { class: "sum", "data-left": this.left }, rupiah(this.left))), paid);
    const [given, left] = [this.#given, this.left];
    const over = given - left;
    if (this.kind === "cash" && over > 0) this.told.textContent = `${t("Kembali", "Change")} ${rupiah(over)}`;
    else if (this.kind !== "cash" && over > 0) this.told.textContent = t("Tidak boleh lebih dari {left}", "Not more than {left}", { left: rupiah(left) });
    else if (over < 0) this.told.textContent = t("Kurang {short}: bayar sisanya dengan cara lain", "{short} short: pay the rest in another way", { short: rupiah(-over) });
    else this.told.textContent = t("Pas", "Exact");
    this.told.dataset.change = this.kind === "cash" ? Math.max(0, over) : 0;
    fill(this.done, over < 0 ? t("Tambah pembayaran", "Add payment") : t("Selesai", "Finish"));
    this.done.disabled = (this.kind !== "cash" && over > 0) || (given === 0 && left > 0);
  }

  #take(event) {
    event.preventDefault();
    const [given, left] = [this.#given, this.left];
    if ((given === 0 && left > 0) || (this.kind !== "cash" && given > left)) return this.amount.select();
    this.payments.push({ kind: this.kind, amount: Math.min(given, left), reference: this.kind === "cash" ? null : this.reference.value.trim() || null });
    if (this.kind === "cash") this.tendered += given;
    this.reference.value = "";
    if (this.left === 0) return this.close({ payments: this.payments, tendered: this.tendered });
    return this.#choose(this.kind === "cash" ? "qris" : "cash");
  }
}

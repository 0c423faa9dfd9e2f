// What is being bought: lines with quantity and discount, the total, and the way to pay.
import { uuid7 } from "../shared/device.js";
import { button, dialog, field, fill, h } from "../shared/dom.js";
import { number, rupiah, t } from "../shared/words.js";
import { amountOf, discountLimit, priceOf, sumOfQuantities, totalOf } from "./money.js";
import { heldCount } from "./held.js";

const REASONS = {
  "damaged-pack": () => t("Kemasan rusak", "Damaged pack"),
  "near-expiry": () => t("Hampir lewat tanggal", "Near its date"),
  "bulk": () => t("Beli banyak", "Bought many"),
  "promotion": () => t("Promosi", "Promotion"),
};
export const reasonName = (code) => REASONS[code]?.() ?? code;

/** What came into a basket while `paid` was being paid for. */
export function besides(lines, paid) {
  const known = new Map(paid.map((line) => [line.id, line.quantity]));
  const more = (line) => sumOfQuantities([line.quantity, -known.get(line.id)]);
  return lines
    .map((line) => (known.has(line.id) ? { ...line, id: uuid7(), quantity: more(line) } : line))
    .filter((line) => line.quantity > 0);
}

export class Basket {
  constructor(sell) {
    Object.assign(this, { sell, chosen: null, held: 0 });
  }

  get lines() {
    return this.sell.lines;
  }

  get line() {
    return this.lines.find((line) => line.id === this.chosen) ?? this.lines.at(-1) ?? null;
  }

  /** Now; and once more if a look at the disk shows another number of held baskets. */
  async draw() {
    this.#fill();
    const held = await heldCount(this.sell.app);
    if (held === this.held) return;
    this.held = held;
    this.#fill();
  }

  #fill() {
    const { held } = this;
    const none = this.sell.writing
      ? t("Menyimpan …", "Saving …")
      : t("Pindai label, atau sentuh barang.", "Scan a label, or touch an item.");
    const total = totalOf(this.lines);
    const rows = this.lines.map((line) => this.#row(line));
    fill(this.sell.basketPlace,
      rows.length ? h("ol", { class: "lines" }, rows)
        : h("p", { class: "empty" }, none),
      h("div", { class: "total" }, h("span", {}, t("Total", "Total")), h("b", { "data-total": total }, rupiah(total))),
      h("div", { class: "row" },
        button([held && !rows.length ? t("Lanjutkan ({n})", "Resume ({n})", { n: held }) : t("Tahan", "Hold"), " ", h("kbd", {}, "F4")], () => this.sell.hold(), "quiet",
          { disabled: !rows.length && !held }),
        button([t("Potongan", "Discount"), " ", h("kbd", {}, "F6")], () => this.discount(), "quiet", { disabled: !rows.length }),
        button([t("Bayar", "Pay"), " ", h("kbd", {}, "F2")], () => this.sell.pay(), "primary big grow", { disabled: !rows.length, "data-pay": true })));
    this.sell.basketPlace.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  #row(line) {
    const { catalogue } = this.sell.app;
    const lot = catalogue.byLot?.get(line.lot ?? "")?.lot;
    const short = lot && catalogue.left(lot, this.lines) < 0;
    const choose = () => {
      this.chosen = line.id;
      this.draw();
    };
    return h("li", { class: "line", "aria-current": line === this.line ? "true" : null, onclick: choose },
      h("div", { class: "what" }, h("span", { class: "name" }, catalogue.name(line.sku)),
        h("span", { class: "small soft" }, rupiah(line.unit_price), " ",
          line.lot ? h("span", { class: "code" }, line.lot) : h("span", { class: "badge warn" }, t("tanpa nomor produksi", "no lot")),
          short ? h("span", { class: "badge warn" }, t("stok kosong", "no stock")) : null,
          line.discount ? h("span", { class: "badge info" }, `−${rupiah(line.discount)} ${reasonName(line.discount_reason)}`) : null)),
      h("div", { class: "amounts" },
        button("−", () => this.step(-1, line), "quiet round", { "aria-label": t("Kurangi", "Less") }),
        button(number(line.quantity), () => this.quantity(line), "quiet count", { "aria-label": t("Jumlah {n}", "Quantity {n}", { n: line.quantity }) }),
        button("+", () => this.step(1, line), "quiet round", { "aria-label": t("Tambah", "More") }),
        h("b", { class: "money" }, rupiah(amountOf(line))),
        button("×", () => this.remove(line), "quiet round danger", { "aria-label": t("Hapus {name}", "Remove {name}", { name: catalogue.name(line.sku) }) })));
  }

  move(by) {
    const at = this.lines.indexOf(this.line);
    this.chosen = this.lines[Math.max(0, Math.min(this.lines.length - 1, at + by))]?.id ?? null;
    this.draw();
  }

  step(by, line = this.line) {
    if (!line) return undefined;
    this.chosen = line.id;
    return this.#set(line, line.quantity + by);
  }

  remove(line = this.line) {
    return line ? this.#set(line, 0) : undefined;
  }

  #set(line, quantity) {
    if (quantity <= 0) this.sell.lines = this.lines.filter((one) => one !== line);
    line.quantity = Math.round(quantity * 1000) / 1000;
    line.discount = Math.min(line.discount, discountLimit(line, this.#percent));
    return this.sell.changed();
  }

  get #percent() {
    return Number(document.body.dataset.discountLimit);
  }

  async quantity(line = this.line) {
    if (!line) return;
    const input = h("input", { class: "input number", inputmode: "decimal", value: String(line.quantity), autofocus: true, autocomplete: "off" });
    const wanted = await dialog((close) => {
      const take = (event) => {
        event.preventDefault();
        const value = Number(input.value.trim().replace(",", "."));
        if (value > 0 && value < 100_000) close(value);
        else input.select();
      };
      return h("form", { onsubmit: take }, h("h2", {}, this.sell.app.catalogue.name(line.sku)), field(t("Jumlah", "Quantity"), input),
        h("div", { class: "actions" }, button(t("Batal", "Cancel"), () => close(), "quiet"), h("button", { class: "button primary" }, "OK")));
    }, { label: t("Jumlah", "Quantity") });
    if (wanted) await this.#set(line, wanted);
    this.sell.ready();
  }

  async discount(line = this.line) {
    if (!line) return;
    const most = discountLimit(line, this.#percent);
    const amount = h("input", { class: "input number", inputmode: "numeric", value: line.discount ? String(line.discount) : "", autofocus: true, autocomplete: "off", name: "discount" });
    const reason = h("select", { class: "input", name: "reason" }, Object.keys(REASONS).map((code) => h("option", { value: code }, reasonName(code))));
    if (line.discount_reason) reason.value = line.discount_reason;
    const told = h("p", { class: "banner bad", role: "alert", hidden: true });
    const wanted = await dialog((close) => {
      const take = (event) => {
        event.preventDefault();
        const text = amount.value.trim();
        const share = text.match(/^(\d{1,2})\s*%$/);
        const value = share ? Math.floor((priceOf(line.quantity, line.unit_price) * Number(share[1])) / 100) : Number(text.replace(/\D/g, ""));
        if (value <= most) return close({ value, code: reason.value });
        told.hidden = false;
        told.textContent = t("Paling banyak {most} ({percent} %).", "At most {most} ({percent} %).", { most: rupiah(most), percent: this.#percent });
        return amount.select();
      };
      return h("form", { onsubmit: take }, h("h2", {}, t("Potongan", "Discount"), " · ", this.sell.app.catalogue.name(line.sku)), told,
        field(t("Rupiah atau persen", "Rupiah or percent"), amount, { hint: t("Paling banyak {most}", "At most {most}", { most: rupiah(most) }) }),
        field(t("Alasan", "Reason"), reason),
        h("div", { class: "actions" }, button(t("Batal", "Cancel"), () => close(), "quiet"), h("button", { class: "button primary" }, "OK")));
    }, { label: t("Potongan", "Discount") });
    if (wanted) {
      Object.assign(line, { discount: wanted.value, discount_reason: wanted.value ? wanted.code : null });
      await this.sell.changed();
    }
    this.sell.ready();
  }
}

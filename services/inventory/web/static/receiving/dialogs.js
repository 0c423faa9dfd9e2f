// The signature under a count, and the product of a lot that nobody here knows.
import { button, dialog, field, fill, h } from "../shared/dom.js";
import { thousandths } from "../shared/keypad.js";
import { nameOf, number, t } from "../shared/words.js";
import { cashierCode, uncounted } from "./count.js";

/** @returns {Promise<string|undefined>} the code of the cashier who signs */
export function askSignature(count, notes) {
  const total = (column) => number(count.lines.reduce((sum, line) => sum + (thousandths(line[column]) ?? 0), 0) / 1000);
  const empty = uncounted(count);
  const input = h("input", { class: "input", id: "signature", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: "16", autofocus: true });
  const told = h("p", { class: "banner bad", role: "alert", hidden: true });
  return dialog((close) => {
    const take = (event) => {
      event.preventDefault();
      const code = cashierCode(input.value);
      if (code) return close(code);
      fill(told, t("Isi kode kasir: 3 sampai 16 huruf kecil, angka, atau tanda hubung. Bukan nama.", "Enter a cashier code: 3 to 16 letters, figures or hyphens. Not a name.")).hidden = false;
      return input.focus();
    };
    return h("form", { onsubmit: take, novalidate: true }, h("h2", {}, t("Tanda tangani hitungan", "Sign the count")),
      h("dl", { class: "facts" }, h("dt", {}, t("Lot", "Lots")), h("dd", {}, number(count.lines.length)), h("dt", {}, t("Baik", "Good")), h("dd", {}, total("good")), h("dt", {}, t("Rusak", "Damaged")), h("dd", {}, total("damaged"))),
      empty.length ? h("p", { class: "banner warn" }, t("Tidak dihitung, dicatat 0: {names}", "Not counted, recorded as 0: {names}", { names: empty.map((line) => `${notes.named(line.sku)} ${line.lot ?? ""}`.trim()).join(", ") })) : null,
      field(t("Kode kasir", "Cashier code"), input, { hint: t("Setelah ini hitungan tidak dapat diubah.", "After this the count cannot be changed.") }), told,
      h("div", { class: "actions" }, button(t("Hitung lagi", "Go on counting"), () => close(), "quiet"), h("button", { class: "button primary big" }, t("Tanda tangani", "Sign"))));
  }, { label: t("Tanda tangani hitungan", "Sign the count") });
}

/** @returns {Promise<string|undefined>} the code of the product that a lot is of */
export function askProduct(lot, goods) {
  return dialog((close) => {
    const list = h("div", { class: "choices" });
    const search = h("input", { class: "input", type: "search", autocomplete: "off", autofocus: true });
    const draw = () => {
      const words = search.value.trim().toLowerCase();
      const found = goods.filter((one) => `${one.sku} ${nameOf(one.name)}`.toLowerCase().includes(words)).slice(0, 30);
      fill(list, found.length ? found.map((one) => button([nameOf(one.name), h("span", { class: "code small soft" }, one.sku)], () => close(one.sku), "quiet wide"))
        : h("p", { class: "empty" }, t("Tidak ada produk seperti itu.", "There is no such product.")));
    };
    search.addEventListener("input", draw);
    draw();
    return h("div", { class: "stack" }, h("h2", {}, t("Lot {lot} tidak ada di surat jalan", "Lot {lot} is not on the note", { lot })),
      h("p", { class: "soft" }, t("Produk apa ini? Lihat labelnya.", "Which product is it? Look at its label.")),
      field(t("Cari produk", "Find a product"), search), list,
      h("div", { class: "actions" }, button(t("Bukan, jangan tambahkan", "No, do not add it"), () => close(), "quiet")));
  }, { label: t("Produk apa ini?", "Which product is it?"), wide: true });
}

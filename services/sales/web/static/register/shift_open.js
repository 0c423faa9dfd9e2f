// A shift begins: who (a code, never a name) and how much change lies in the drawer.
import { field, fill, h } from "../shared/dom.js";
import { number, rupiah, t } from "../shared/words.js";
import { openShift } from "./desk.js";

const CASHIER = "[a-z0-9\\-]{3,16}";
const ARTICLE = /^\d{8,}$/; // what a scanner types that was lying on the counter
const MOST = 100_000_000; // rupiah in a drawer at its beginning

export function openView(app) {
  const cashier = h("input", { class: "input", required: true, pattern: CASHIER, autocapitalize: "none", autocomplete: "off", spellcheck: "false", maxlength: "16", autofocus: true });
  const float = h("input", { class: "input number", required: true, inputmode: "numeric", autocomplete: "off", value: "0" });
  const shown = h("span", { class: "hint", "aria-live": "polite" });
  const amount = () => Number(float.value.replace(/\D/g, ""));
  const tell = () => {
    shown.textContent = rupiah(amount());
  };
  float.addEventListener("input", () => {
    float.value = number(amount());
    tell();
  });
  float.addEventListener("focus", () => float.select());
  const told = h("p", { class: "banner bad", role: "alert", hidden: true });
  const refuse = (input, text) => {
    told.hidden = false;
    told.textContent = text;
    input.select();
  };
  const open = async (event) => {
    event.preventDefault();
    cashier.value = cashier.value.trim().toLowerCase();
    if (ARTICLE.test(cashier.value)) {
      return refuse(cashier, t("Itu nomor barang, bukan kode kasir.", "That is an article's number, not a code."));
    }
    if (amount() > MOST) {
      const said = t("Paling banyak {most}. Hitung lagi.", "At most {most}. Count again.", { most: rupiah(MOST) });
      return refuse(float, said);
    }
    await openShift(app, { cashier: cashier.value, opening_float: amount() });
    return app.draw();
  };
  tell();
  fill(app.place, h("div", { class: "page narrow" }, h("form", { class: "card", onsubmit: open },
    h("h1", {}, t("Buka kasir", "Open the shift")), told,
    field(t("Kode kasir", "Cashier's code"), cashier, { hint: t("3–16 huruf kecil, angka, atau tanda hubung. Bukan nama.", "3–16 small letters, digits or hyphens. Not a name.") }),
    field(t("Modal awal di laci", "Float in the drawer"), float), shown,
    h("button", { class: "button primary big wide" }, t("Buka kasir", "Open the shift")))));
  cashier.focus();
}

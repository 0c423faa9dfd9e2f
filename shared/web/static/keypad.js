// Figures by large keys, and how a figure grows with each key. Quantities are exact: thousandths, as whole numbers.
import { h } from "./dom.js";
import { lang, t } from "./words.js";

const WHOLE_DIGITS = 7; // the server takes more; nobody counts more by hand
const DECIMALS = 3;

/** The text of a figure after a key: a digit, a comma or point, "Backspace" or "Clear". */
export function edited(text, key) {
  if (key === "Clear") return "";
  if (key === "Backspace") return text.slice(0, -1);
  if (key === "," || key === ".") return text.includes(",") ? text : `${text || "0"},`;
  const grown = text === "0" ? key : text + key;
  const [whole, part = ""] = grown.split(",");
  return whole.length > WHOLE_DIGITS || part.length > DECIMALS ? text : grown;
}

/** Thousandths of "12,5"; null when nothing is typed. */
export function thousandths(text) {
  if (!/^\d/.test(text)) return null;
  const [whole, part = ""] = text.split(",");
  return Number(whole) * 1000 + Number(part.padEnd(DECIMALS, "0"));
}

/** A figure as typed, from thousandths. */
export const written = (thousand) => String(thousand / 1000).replace(".", ",");

/** A figure as it is shown while it is typed: with the comma of the language. */
export const shownText = (text) => (lang() === "en" ? text.replace(",", ".") : text);

/** A button that leaves the focus where it is, so that Enter is not its. */
export function key(label, press, kind = "", attributes = {}) {
  const stay = (event) => event.preventDefault();
  return h("button", { type: "button", class: `button ${kind}`, onmousedown: stay, onclick: press, ...attributes }, label);
}

/** Twelve large keys; `press(key)` is told as `edited` takes it. */
export function keypad(press) {
  const keys = [..."789456123", ",", "0", "Backspace"];
  const label = { ",": lang() === "en" ? "." : ",", Backspace: "⌫" };
  const said = { ",": t("Koma", "Decimal point"), Backspace: t("Hapus angka terakhir", "Erase the last figure") };
  return h("div", { class: "keypad", role: "group", "aria-label": t("Papan angka", "Number pad") },
    keys.map((name) => key(label[name] ?? name, () => press(name), "quiet", { "aria-label": said[name] })));
}

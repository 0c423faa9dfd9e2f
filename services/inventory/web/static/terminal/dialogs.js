// What an entry seldom needs: another time, other shares, a badge that cannot be scanned.
import { button, dialog, field, fill, h } from "../shared/dom.js";
import { key } from "../shared/keypad.js";
import { number, t } from "../shared/words.js";
import { badgeOf, ending } from "./badges.js";
import { sharesOf } from "./entry.js";
import { pointsOf, restShared, textOf, typedShares } from "./shares.js";

const ZONE = 8 * 3_600_000; // Makassar keeps no summer time

/** An instant as a field of local time has it, on the clock of Makassar. */
export const localText = (instant) => new Date(Date.parse(instant) + ZONE).toISOString().slice(0, 16);

/** When it was made. @returns {Promise<string|null|undefined>} an instant; null: now; undefined: as before */
export function askTime(made) {
  const now = new Date().toISOString();
  const input = h("input", { class: "input", type: "datetime-local", value: localText(made ?? now), max: localText(now), required: true, autofocus: true });
  const told = h("p", { class: "banner bad", role: "alert", hidden: true });
  return dialog((close) => {
    const take = (event) => {
      event.preventDefault();
      const instant = new Date(`${input.value}:00+08:00`);
      const wrong = Number.isNaN(instant.getTime()) ? t("Isi tanggal dan jam.", "Enter a day and a time.")
        : instant > Date.now() ? t("Waktu ini belum tiba. Pilih sekarang atau waktu yang sudah lewat.", "This time lies ahead. Choose now, or a time in the past.") : "";
      fill(told, wrong).hidden = !wrong;
      if (!wrong) close(instant.toISOString());
    };
    return h("form", { onsubmit: take, novalidate: true }, h("h2", {}, t("Kapan dibuat?", "When was it made?")),
      field(t("Tanggal dan jam (Makassar)", "Day and time (Makassar)"), input), told,
      h("div", { class: "actions" }, button(t("Sekarang", "Now"), () => close(null), "quiet"), h("button", { class: "button primary" }, t("Pakai waktu ini", "Use this time"))));
  }, { label: t("Waktu pembuatan", "Time of making") });
}

/** A badge letter by letter. @returns {Promise<string|undefined>} its reference */
export function askBadge() {
  const input = h("input", { class: "input code", id: "badge", inputmode: "none", autocomplete: "off", spellcheck: "false", maxlength: "16", autofocus: true });
  const told = h("p", { class: "banner bad", role: "alert", hidden: true });
  return dialog((close) => {
    const take = (event) => {
      event.preventDefault();
      const reference = badgeOf(input.value);
      if (reference) return close(reference);
      fill(told, t("Kode ini belum lengkap atau salah.", "This code is incomplete or wrong.")).hidden = false;
      return input.focus();
    };
    input.addEventListener("input", () => { told.hidden = true; });
    const press = (letter) => {
      input.value = letter ? (input.value + letter).slice(0, 16) : input.value.slice(0, -1);
      told.hidden = true;
      input.focus();
    };
    const letter = (name) => key(name.toUpperCase(), () => press(name), "quiet", { "aria-label": name });
    const erase = key("⌫", () => press(null), "quiet", { "aria-label": t("Hapus huruf terakhir", "Erase the last letter") });
    const letters = [[..."1234567890qwertyuiopasdfghjkl"].map(letter), erase, [..."zxcvbnm"].map(letter)];
    return h("form", { onsubmit: take, novalidate: true }, h("h2", {}, t("Ketik kartu pembuat", "Type a maker's badge")),
      field(t("Kode di kartu", "Code on the badge"), input, { hint: t("Huruf w, lalu 7 sampai 15 huruf kecil atau angka.", "The letter w, then 7 to 15 letters or digits.") }), told,
      h("div", { class: "letters" }, letters),
      h("div", { class: "actions" }, button(t("Batal", "Cancel"), () => close(), "quiet"), h("button", { class: "button primary big" }, t("Tambah", "Add"))));
  }, { label: t("Ketik kartu pembuat", "Type a maker's badge"), wide: true });
}

/** Who made how much of it. @returns {Promise<number[]|null|undefined>} shares; null: equal; undefined: as before */
export function askShares(entry) {
  let unit = "percent";
  const inputs = entry.makers.map(() => h("input", { class: "input number", inputmode: "decimal", autocomplete: "off" }));
  const texts = () => inputs.map((input) => input.value);
  const write = (values) => values.forEach((value, index) => { inputs[index].value = value; });
  write(sharesOf(entry).map((points) => textOf(points, unit)));
  const sum = h("p", { class: "banner", role: "status" });
  const told = () => {
    const { shares, left, wrong } = typedShares(texts(), unit);
    inputs.forEach((input, index) => input.toggleAttribute("aria-invalid", Boolean(input.value) && wrong.includes(index)));
    sum.className = `banner ${shares ? "good" : "warn"}`;
    fill(sum, shares ? t("Jumlahnya tepat.", "They add up exactly.") : leftText(left, unit));
    return shares;
  };
  return dialog((close) => {
    const units = h("div", { class: "tabs", role: "group", "aria-label": t("Satuan", "Unit") });
    const change = (next) => {
      const values = texts().map((text) => pointsOf(text, unit));
      unit = next;
      write(values.map((points) => (points === null ? "" : textOf(points, unit))));
      drawUnits();
      told();
    };
    const drawUnits = () => fill(units, [["percent", t("Persen", "Percent")], ["points", t("Poin (10.000)", "Points (10,000)")]].map(([name, text]) =>
      button(text, () => change(name), unit === name ? "primary" : "quiet", { "aria-pressed": String(unit === name) })));
    const take = (event) => {
      event.preventDefault();
      const shares = told();
      if (shares) close(shares);
    };
    drawUnits();
    told();
    for (const input of inputs) input.addEventListener("input", told);
    const rows = inputs.map((input, index) => field(`${t("Pembuat {n}", "Maker {n}", { n: index + 1 })} ${ending(entry.makers[index])}`, input));
    return h("form", { onsubmit: take, novalidate: true }, h("h2", {}, t("Pembagian hasil", "Shares")), units, h("div", { class: "columns" }, rows), sum,
      h("div", { class: "actions" }, button(t("Sama rata", "Equally"), () => close(null), "quiet"),
        button(t("Bagi sisanya", "Divide the rest"), () => { write(restShared(texts(), unit)); told(); }, "quiet"), h("button", { class: "button primary" }, t("Pakai pembagian ini", "Use these shares"))));
  }, { label: t("Pembagian hasil", "Shares"), wide: true });
}

function leftText(left, unit) {
  if (left === 0) return t("Ada bagian yang kosong atau salah.", "A share is empty or wrong.");
  const amount = unit === "points" ? t("{n} poin", "{n} points", { n: number(Math.abs(left)) }) : `${number(Math.abs(left) / 100)} %`;
  return left > 0 ? t("Masih kurang {amount}.", "{amount} are missing.", { amount }) : t("Kelebihan {amount}.", "{amount} too many.", { amount });
}

// The entry: how many, by whom, when. One screen, so that a scan may come at any time.
import { button, fill, h } from "../shared/dom.js";
import { key, keypad, shownText } from "../shared/keypad.js";
import { moment, nameOf, t } from "../shared/words.js";
import { ending } from "./badges.js";
import { sharesOf } from "./entry.js";
import { textOf } from "./shares.js";

const FIELDS = {
  good: () => t("Jumlah baik", "Good"),
  rejected: () => t("Rusak, bila ada", "Rejected, if any"),
};

/** The form of a terminal's entry; `update()` shows what changed without taking the focus. */
export class Form {
  constructor(terminal) {
    this.terminal = terminal;
    const { entry } = terminal;
    this.inputs = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, this.#input(name)]));
    this.people = h("section", { class: "card people", "aria-label": t("Pembuat", "Makers") });
    this.told = h("div", { class: "told", "aria-live": "assertive" });
    this.foot = h("div", { class: "card" });
    this.element = h("div", { class: "page entry" },
      h("div", { class: "headline" }, h("h1", {}, nameOf(entry.name) || entry.sku), key([t("Batal", "Cancel"), h("kbd", {}, "Esc")], () => terminal.cancel(), "quiet")),
      this.told,
      h("div", { class: "entry-columns" },
        h("section", { class: "card", "aria-label": t("Jumlah", "Quantity") },
          h("div", { class: "figures" }, Object.keys(FIELDS).map((name) => this.#figure(name))),
          keypad((name) => this.#pressed(name))),
        h("div", { class: "stack" }, this.people, this.foot)));
    this.update();
  }

  focus() {
    this.inputs[this.terminal.entry.field].focus();
  }

  #input(name) {
    const focus = () => this.terminal.fill(name);
    return h("input", { class: "input", id: `quantity-${name}`, name, readonly: true, inputmode: "none", autocomplete: "off", onfocus: focus });
  }

  #figure(name) {
    const unit = h("span", { class: "soft" }, ` · ${this.terminal.entry.unit}`);
    return h("div", { class: "figure" }, h("label", { for: `quantity-${name}` }, FIELDS[name](), name === "good" ? unit : null), this.inputs[name]);
  }

  #pressed(name) {
    this.focus();
    this.terminal.figure(name);
  }

  update() {
    const { entry, said } = this.terminal;
    for (const [name, input] of Object.entries(this.inputs)) {
      input.value = shownText(entry[name]);
      input.classList.toggle("now", entry.field === name);
    }
    fill(this.told, said ? h("p", { class: `banner ${said.kind}` }, said.text) : null);
    fill(this.people, this.#people());
    fill(this.foot, this.#foot());
  }

  #people() {
    const { entry, terminal } = { entry: this.terminal.entry, terminal: this.terminal };
    const shares = entry.makers.length ? sharesOf(entry) : [];
    const one = (reference, index) => h("li", { class: "maker" },
      h("span", {}, h("span", { class: "strong" }, t("Pembuat {n}", "Maker {n}", { n: index + 1 })), " ", h("span", { class: "code soft" }, ending(reference)),
        terminal.lacking.has(reference) ? h("span", { class: "badge warn" }, t("Sertifikat belum ada", "No certificate yet")) : null),
      h("span", { class: "count" }, `${shownText(textOf(shares[index], "percent"))} %`),
      key("×", () => terminal.drop(reference), "quiet", { "aria-label": t("Hapus pembuat {n}", "Remove maker {n}", { n: index + 1 }) }));
    return [
      h("h2", {}, t("Pembuat", "Makers")),
      entry.makers.length ? h("ol", { class: "makers" }, entry.makers.map(one)) : h("p", { class: "scan-here" }, t("Pindai kartu pembuat satu per satu", "Scan the makers' badges one by one")),
      h("div", { class: "row" }, button(t("Ketik kartu", "Type a badge"), () => terminal.spell(), "quiet"),
        entry.makers.length > 1 ? button(t("Atur pembagian", "Set the shares"), () => terminal.share(), "quiet") : null,
        entry.makers.length > 1 && !entry.shares ? h("span", { class: "small soft" }, t("dibagi rata", "shared equally")) : null),
    ];
  }

  #foot() {
    const { terminal } = this;
    const { made_at: made } = terminal.entry;
    return [
      h("div", { class: "row between" }, h("span", {}, h("span", { class: "soft" }, `${t("Dibuat", "Made")}: `), h("span", { class: "strong" }, made ? moment(made) : t("sekarang", "now"))),
        button(t("Ubah waktu", "Change the time"), () => terminal.changeTime(), "quiet")),
      key([t("Simpan", "Save"), h("kbd", {}, "Enter")], () => terminal.save(), "primary big wide", { id: "save" }),
    ];
  }
}

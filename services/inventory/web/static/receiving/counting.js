// The count: each lot with what is good and what is damaged. No quantity of the sender is anywhere near.
import { button, fill, h } from "../shared/dom.js";
import { key, keypad, shownText } from "../shared/keypad.js";
import { t } from "../shared/words.js";
import { typedKey } from "./count.js";

const COLUMNS = { good: () => t("Baik", "Good"), damaged: () => t("Rusak", "Damaged") };

const GONE = () => t("Kiriman ini tidak lagi ditunggu: mungkin sudah diterima di kasir lain. Tanyakan dulu sebelum menandatangani.",
  "This delivery is not awaited any more: another register may have received it. Ask before you sign.");

export class Counting {
  constructor(receiving) {
    this.receiving = receiving;
    const { count } = receiving;
    this.inputs = count.lines.map((line, index) => Object.fromEntries(Object.keys(COLUMNS).map((column) => [column, this.#input(line, index, column)])));
    this.told = h("div", { class: "told stack", "aria-live": "assertive" });
    this.scans = h("div", { class: "tabs", role: "group", "aria-label": t("Pindaian dihitung sebagai", "Scans count as") });
    this.end = button(t("Selesai menghitung", "Done counting"), () => receiving.finish(), "primary big wide", { id: "done" });
    this.element = h("div", { class: "page" },
      h("div", { class: "headline" }, h("h1", {}, t("Hitung kiriman dari {from}", "Count what came from {from}", { from: count.from })),
        h("div", { class: "row" }, button(t("Simpan dulu, ke daftar", "Keep it, to the list"), () => receiving.list(), "quiet"), button(t("Hapus hitungan", "Throw away"), () => receiving.startOver(), "quiet"))),
      h("p", { class: "soft" }, t("Hitung sendiri setiap lot. Jumlah di surat jalan baru terlihat setelah hitungan ditandatangani.", "Count each lot yourself. What the note says is shown once the count is signed.")),
      this.told,
      h("div", { class: "count-columns" },
        h("section", { class: "card", "aria-label": t("Lot", "Lots") }, count.lines.length ? count.lines.map((line, index) => this.#line(line, index)) : h("p", { class: "empty" }, t("Pindai label pertama.", "Scan the first label."))),
        h("section", { class: "card pad", "aria-label": t("Angka", "Figures") },
          h("p", { class: "small soft" }, t("Ketik angkanya, atau pindai label satu per satu: setiap pindaian menambah satu.", "Type the figure, or scan label by label: each scan adds one.")),
          this.scans, keypad((name) => this.#pressed(name)), this.end)));
    this.update();
  }

  #input(line, index, column) {
    const focus = () => this.receiving.field([index, column]);
    return h("input", { class: "input", id: `${column}-${index}`, readonly: true, inputmode: "none", autocomplete: "off", onfocus: focus, "aria-label": `${COLUMNS[column]()}: ${this.receiving.notes.named(line.sku)} ${line.lot ?? ""}` });
  }

  #line(line, index) {
    const { notes } = this.receiving;
    return h("div", { class: "counted", "data-lot": line.lot ?? "" },
      h("div", { class: "stack" }, h("span", { class: "strong" }, notes.named(line.sku)),
        h("span", { class: "small" }, line.lot ? h("span", { class: "code" }, line.lot) : t("tanpa nomor produksi", "without a lot number"), h("span", { class: "soft" }, ` · ${notes.unitOf(line.sku)}`)),
        line.extra ? h("span", { class: "row" }, h("span", { class: "badge warn" }, t("Tidak ada di surat jalan", "Not on the note")), key(t("Hapus", "Remove"), () => this.receiving.drop(index), "link")) : null),
      Object.keys(COLUMNS).map((column) => h("div", { class: "figure" }, h("span", { class: "small soft", "aria-hidden": "true" }, COLUMNS[column]()), this.inputs[index][column])));
  }

  #pressed(name) {
    this.focus();
    this.receiving.change(typedKey(this.receiving.count, name));
  }

  /** The field that figures go to, or the button that ends the count. */
  focus(end = false) {
    const [index, column] = this.receiving.count.at;
    (end ? this.end : this.inputs[index]?.[column])?.focus();
  }

  update() {
    const { count, said } = this.receiving;
    this.inputs.forEach((columns, index) => {
      for (const [column, input] of Object.entries(columns)) {
        input.value = shownText(count.lines[index][column]);
        input.classList.toggle("now", count.at[0] === index && count.at[1] === column);
      }
    });
    fill(this.told, this.receiving.isGone() ? h("p", { class: "banner bad" }, GONE()) : null, said ? h("p", { class: `banner ${said.kind}` }, said.text) : null);
    fill(this.scans, h("span", { class: "small" }, t("Pindaian:", "Scans:")), Object.entries(COLUMNS).map(([column, text]) =>
      key(text(), () => this.receiving.scanTo(column), count.scanTo === column ? "primary" : "quiet", { "aria-pressed": String(count.scanTo === column) })));
  }
}

// Selling: scan, search or touch on the left, what is being bought on the right.
import { button, confirm, dialog, fill, h, refocus, toast } from "../shared/dom.js";
import { uuid7 } from "../shared/device.js";
import { Twice, scanned } from "../shared/scan.js";
import { day, nameOf, number, rupiah, t } from "../shared/words.js";
import { Basket, besides } from "./basket.js";
import { historyDialog } from "./history.js";
import { holdCart, resumeDialog } from "./held.js";
import { totalOf } from "./money.js";
import { payDialog } from "./pay.js";
import { described, recordSale } from "./desk.js";
import { receiptDialog } from "./receipt.js";
import { refundDialog } from "./refund.js";
import { closeDialog } from "./shift_close.js";

const ICONS = new Set(["pangan", "pakaian", "mebel", "tekstil", "kerajinan", "sabut", "bahan-bangunan"]);
const PATIENCE = 1500; // ms
const LOT = /^[0-9A-HJKMNP-TV-Z]{10}$/;

export class Sell {
  constructor(app) {
    Object.assign(this, { app, lines: [], category: null, twice: new Twice(), writing: null });
    this.basket = new Basket(this);
    this.keys = (event) => this.#key(event);
    addEventListener("keydown", this.keys);
  }

  get busy() {
    return this.lines.length > 0 || this.writing !== null;
  }

  /** Whether no dialog is open. */
  free = () => !document.querySelector("dialog[open]");

  /** The next scan goes into the field. */
  ready = () => refocus(this.search);

  leave() {
    removeEventListener("keydown", this.keys);
  }

  async draw() {
    this.lines = (await this.app.store.get("cart")) ?? [];
    this.search = h("input", {
      class: "input search", type: "search", autocomplete: "off", spellcheck: "false", enterkeyhint: "go",
      "aria-label": t("Pindai atau cari barang", "Scan or search"), placeholder: t("Pindai atau cari barang …", "Scan or search …"),
      oninput: () => this.#tiles(), onkeydown: (event) => event.key === "Enter" && this.#enter(event),
    });
    this.found = h("div", { class: "tiles", "aria-live": "off" });
    this.tabs = h("div", { class: "tabs", role: "group", "aria-label": t("Jenis", "Category") });
    this.basketPlace = h("section", { class: "basket", "aria-label": t("Belanjaan", "Basket") });
    fill(this.app.place, h("div", { class: "sell" },
      h("section", { class: "goods", "aria-label": t("Barang", "Goods") }, this.search, this.tabs, this.found), this.basketPlace));
    this.refreshed();
    this.basket.draw();
    this.ready();
    performance.mark("usable");
  }

  /** The catalogue has changed. */
  refreshed() {
    if (!this.tabs) return;
    const tab = (category, text) => button(text, () => {
      this.category = category;
      this.refreshed();
      this.ready();
    }, this.category === category ? "primary" : "quiet", { "aria-pressed": String(this.category === category) });
    fill(this.tabs, tab(null, t("Semua", "All")), this.app.catalogue.categories.map((one) => tab(one, one.replace(/-/g, " "))));
    this.#tiles();
  }

  #tiles() {
    const items = this.app.catalogue.search(this.search.value, this.search.value ? null : this.category);
    const tiles = items.slice(0, 60).map((item) => {
      const lot = this.app.catalogue.pick(item, this.lines);
      const left = lot ? this.app.catalogue.left(lot, this.lines) : 0;
      const icon = `../static/shared/icons/${ICONS.has(item.category) ? item.category : "lain"}.svg`;
      return h("button", { type: "button", class: "tile", "data-sku": item.sku, onclick: () => this.add(item) },
        h("img", { src: icon, alt: "" }), h("span", { class: "name" }, nameOf(item.name)),
        h("span", { class: "row between" }, h("b", { class: "nowrap" }, rupiah(item.price)),
          left > 0 ? null : h("span", { class: "badge warn" }, t("kosong", "none left"))));
    });
    fill(this.found, tiles.length ? tiles : h("p", { class: "empty" }, this.app.catalogue.items.length
      ? t("Tidak ada yang cocok.", "Nothing matches.") : t("Katalog belum ada. Perlu jaringan sekali.", "No catalogue yet. It needs the network once.")));
  }

  /** What stands in the field was scanned, or typed and confirmed. */
  async #enter(event) {
    event.preventDefault();
    const text = this.search.value;
    if (!text.trim()) return;
    this.search.value = "";
    const code = scanned(text);
    const found = this.app.catalogue.find(code) ?? (await this.#news(text) && this.app.catalogue.find(code));
    if (found && !(await this.#wanted(code))) return this.ready();
    if (found) await this.add(found.item, found.lot);
    else if (LOT.test(code)) await this.#unknownLot(code);
    else {
      const items = this.app.catalogue.search(text);
      if (items.length === 1) await this.add(items[0]);
      else if (items.length) this.search.value = text;
      else toast(t("“{text}” tidak ditemukan", "“{text}” was not found", { text: text.trim() }), "bad");
    }
    this.#tiles();
    this.ready();
  }

  /** What nobody here has heard of may have come today: ask the server, but do not keep the customer waiting. */
  async #news(text) {
    if (this.app.catalogue.search(text).length) return false;
    const wait = new Promise((resolve) => setTimeout(resolve, PATIENCE, false));
    return Promise.race([this.app.catalogue.refresh().catch(() => false), wait]);
  }

  /** The same label twice within a moment: a trigger held too long, or two of them? */
  async #wanted(code) {
    if (!this.twice.is(code)) return true;
    return confirm(t("Terpindai dua kali. Tambah satu lagi?", "Scanned twice. Add one more?"), { yes: t("Tambah", "Add"), no: t("Tidak", "No") });
  }

  /** A label that the catalogue does not know (it may be newer): a person says what it is; the sale is never refused. */
  async #unknownLot(code) {
    const items = this.app.catalogue.items;
    const item = await dialog((close) => h("div", { class: "stack" },
      h("h2", {}, t("Nomor produksi {code} belum dikenal", "Lot {code} is not known yet", { code })),
      h("p", { class: "soft" }, t("Barang apa ini? Penjualan tetap dicatat.", "What is it? The sale is recorded all the same.")),
      h("div", { class: "tiles" }, items.map((one) => h("button", { type: "button", class: "tile", onclick: () => close(one) }, nameOf(one.name))))),
    { wide: true, label: t("Barang apa ini?", "What is it?") });
    if (item) await this.#put(item, code);
  }

  /** One more of an item; `lot` where its label was scanned, else first expired first out. */
  async add(item, lot = null) {
    const chosen = lot ?? this.app.catalogue.pick(item, this.lines);
    const why = chosen && this.app.catalogue.blocked(chosen);
    if (why) return this.#refuse(item, chosen, why);
    await this.#put(item, chosen?.lot ?? null);
    return this.ready();
  }

  #refuse(item, lot, why) {
    const text = why === "recalled"
      ? t("Nomor produksi ini ditarik. Jangan dijual; sisihkan.", "This lot was recalled. Do not sell it; put it aside.")
      : t("Sudah lewat tanggal ({day}). Jangan dijual; sisihkan.", "Past its date ({day}). Do not sell it; put it aside.", { day: day(lot.expires_on) });
    return dialog((close) => h("div", { class: "stack" }, h("h2", {}, nameOf(item.name)), h("p", { class: "code" }, lot.lot),
      h("p", { class: "banner bad", role: "alert" }, text),
      h("div", { class: "actions" }, button(t("Mengerti", "I see"), () => close(), "primary", { autofocus: true }))), { label: text });
  }

  #put(item, lot) {
    const same = this.lines.find((line) => line.sku === item.sku && line.lot === lot && !line.discount);
    if (same) same.quantity += 1;
    else this.lines.push({ id: uuid7(), sku: item.sku, lot, quantity: 1, unit_price: item.price, discount: 0, discount_reason: null });
    this.basket.chosen = (same ?? this.lines.at(-1)).id;
    return this.changed();
  }

  #show() {
    this.basket.draw();
    this.#tiles();
  }

  /** The basket is on the disk before anything else: a browser that dies does not lose it. */
  async changed() {
    if (this.writing) this.#show(); // it comes after the one that was taken, but is seen at once
    await this.writing?.catch(() => {});
    await this.app.store.set("cart", this.lines);
    this.#show();
  }

  /**
   * The basket is taken away before `write` has it on the disk, and `left` begins the next one: however long the disk
   * takes, nobody can pay or hold it twice, and no scan joins what was paid.
   */
  async #taken(left, write) {
    const taken = this.lines;
    this.lines = left;
    this.twice = new Twice(); // another customer may want the same
    this.writing = write;
    this.#show();
    try {
      return await write;
    } catch (error) {
      this.lines = [...taken, ...this.lines];
      throw error;
    } finally {
      this.writing = null;
      if (this.lines.length) await this.changed();
      else this.#show();
    }
  }

  /** Whether the basket before is still being written; whoever asks is told. */
  #busyWriting() {
    if (this.writing) toast(t("Tunggu: yang sebelumnya masih disimpan.", "Wait: the one before is still being saved."));
    return this.writing !== null;
  }

  async pay() {
    if (!this.lines.length || this.#busyWriting()) return;
    const lines = structuredClone(this.lines);
    const paid = await payDialog(this.app, lines);
    if (!paid) return this.ready();
    const sale = { lines, names: this.app.catalogue.names(lines), ...paid };
    const record = await this.#taken(besides(this.lines, lines), recordSale(this.app, sale));
    await receiptDialog(this.app, record, { fresh: true });
    this.ready();
  }

  async hold() {
    if (this.#busyWriting()) return;
    if (!this.lines.length) return resumeDialog(this.app, this);
    await this.#taken([], holdCart(this.app, this.lines));
    toast(t("Belanjaan ditahan", "Basket held"));
  }

  /** Go on with a basket that was held; what was scanned meanwhile stays. */
  async resume(lines) {
    this.lines = [...lines, ...this.lines];
    await this.changed();
  }

  #key(event) {
    if (!this.free() || event.ctrlKey || event.altKey || event.metaKey) return;
    const acts = {
      F2: () => this.pay(), F4: () => this.hold(), F8: () => refundDialog(this.app), F9: () => historyDialog(this.app),
      F10: () => closeDialog(this.app), F6: () => this.basket.discount(), Escape: () => { this.search.value = ""; this.#tiles(); },
    };
    const onEmpty = {
      ArrowDown: () => this.basket.move(1), ArrowUp: () => this.basket.move(-1), "+": () => this.basket.step(1),
      "-": () => this.basket.step(-1), Delete: () => this.basket.remove(), "*": () => this.basket.quantity(),
    };
    const act = acts[event.key] ?? (document.activeElement === this.search && !this.search.value ? onEmpty[event.key] : null);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** What is being bought, to be written down when it cannot be saved. */
  asText() {
    if (!this.lines.length) return null;
    const names = this.app.catalogue.names(this.lines);
    return [t("BELANJAAN", "BASKET"), ...this.lines.map((line) => described(line, names)), `${t("Total", "Total")} ${rupiah(totalOf(this.lines))}`].join("\n");
  }

  describe = (line) => [this.app.catalogue.name(line.sku), `${number(line.quantity)} × ${rupiah(line.unit_price)}`];
}

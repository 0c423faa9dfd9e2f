// Receiving as a whole: the list, a count, or what a count came to; and the keys.
import { confirm, fill, toast } from "../shared/dom.js";
import { scanned } from "../shared/scan.js";
import { Typed, onButton } from "../shared/typed.js";
import { t } from "../shared/words.js";
import { begunCount, nextField, typedKey, withExtra, withScan, without } from "./count.js";
import { Counting } from "./counting.js";
import { askProduct, askSignature } from "./dialogs.js";
import { listView } from "./list.js";
import { resultView } from "./result.js";

const LOT = /^[0-9A-HJKMNP-TV-Z]{10}$/; // as inventory makes them

export class Receiving {
  constructor(app, notes, receipts) {
    Object.assign(this, { app, notes, receipts, view: { at: "list" }, count: null, begun: new Set(), counting: null, said: null });
    this.typed = new Typed({
      figure: (key) => this.change(typedKey(this.count, key)), erase: () => this.change(typedKey(this.count, "Backspace")) ?? true,
      code: (text) => this.scanned(text), enter: () => this.enter(), escape: () => false,
      spelt: (text) => this.tell(text ? "info" : null, t("Dibaca: {text}", "Read: {text}", { text })),
      save: () => this.count, restore: (count) => this.change(count),
    });
    app.outbox.addEventListener("change", () => this.settled());
  }

  async load() {
    const { store } = this.app;
    await this.notes.load();
    await this.receipts.load();
    await this.countBegun();
    const view = await store.get("view");
    const count = view?.at === "count" ? await store.get(`count:${view.id}`) : null;
    if (count) Object.assign(this, { view, count });
    else if (view?.at === "result" && this.receipts.of(view.id)) this.view = view;
  }

  async countBegun() {
    const keys = this.notes.coming.map((note) => `count:${note.id}`);
    const found = await this.app.store.read(async (tx) => Promise.all(keys.map((key) => tx.get("kv", key))));
    this.begun = new Set(found.filter(Boolean).map((count) => count.id));
  }

  async refresh() {
    const fresh = await this.notes.refresh();
    const compared = await this.receipts.compare();
    if (fresh) await this.countBegun();
    if (this.counting) this.counting.update();
    else if (fresh || compared) this.app.draw();
  }

  /** The queue moved: perhaps a receipt is recorded now, and can be compared. */
  async settled() {
    const before = JSON.stringify(this.receipts.records.map((one) => one.state));
    await this.receipts.load();
    if (JSON.stringify(this.receipts.records.map((one) => one.state)) === before) return;
    await this.receipts.compare();
    await this.notes.refresh();
    if (!this.count) this.app.draw();
  }

  // -- what a person does --------------------------------------------------------------------------------

  async open(note) {
    const count = (await this.app.store.get(`count:${note.id}`)) ?? begunCount(note);
    await this.go({ at: "count", id: note.id }, count);
    this.refresh();
  }

  /** Whether the server does not await this delivery any more: somebody else counted it. */
  isGone = () => this.notes.at !== null && !this.notes.coming.some((note) => note.id === this.count.id);

  /** Show something else, now and after the browser was closed. */
  async go(view, count = null) {
    await this.app.store.write(async (tx) => {
      await tx.put("kv", view, "view");
      if (count) await tx.put("kv", count, `count:${count.id}`);
    });
    Object.assign(this, { view, count, said: null });
    await this.countBegun();
    this.app.draw();
  }

  list = () => this.go({ at: "list" });

  result = (id) => this.go({ at: "result", id });

  /** The count as it is now, kept at once. */
  change(count) {
    if (this.signing) {
      return this.tell("warn", t("Hitungan ini sudah ditandatangani.", "This count was signed already."));
    }
    const known = this.count;
    Object.assign(this, { count, said: null });
    this.app.store.set(`count:${count.id}`, count);
    if (known.lines.length === count.lines.length) this.counting.update();
    else this.app.draw();
    return undefined;
  }

  field(at) {
    if (this.count.at.join() !== at.join()) this.change({ ...this.count, at });
  }

  scanTo(column) {
    this.change({ ...this.count, scanTo: column });
  }

  async scanned(text) {
    const code = scanned(text);
    const found = withScan(this.count, code);
    if (found) {
      this.change(found);
      const line = found.lines[found.at[0]];
      return this.tell("good", t("{name} · {lot}: {n}", "{name} · {lot}: {n}", { name: this.notes.named(line.sku), lot: code, n: line[found.at[1]] }));
    }
    if (!LOT.test(code)) return this.tell("bad", t("“{text}” bukan nomor produksi. Pindai label lot.", "“{text}” is no lot number. Scan a lot's label.", { text: code.slice(0, 24) }));
    const sku = this.notes.skuOf(code) ?? (await askProduct(code, this.notes.goods));
    if (!sku) return undefined;
    this.change(withExtra(this.count, sku, code));
    return this.tell("warn", t("{name} · {lot} tidak ada di surat jalan; ditambahkan sebagai kelebihan.", "{name} · {lot} is not on the note; added as a surplus.", { name: this.notes.named(sku), lot: code }));
  }

  drop(index) {
    this.change(without(this.count, index));
  }

  /** Enter goes on to the next field, and after the last one to the end. */
  enter() {
    if (onButton()) return false;
    const at = nextField(this.count);
    if (at) this.change({ ...this.count, at });
    this.counting.focus(at === null);
    return true;
  }

  async finish() {
    if (!this.count.lines.length) return this.tell("bad", t("Belum ada yang dihitung.", "Nothing was counted."));
    const code = await askSignature(this.count, this.notes);
    if (!code || this.signing) return undefined;
    this.signing = true;
    try {
      const id = await this.receipts.record(this.count, code);
      Object.assign(this, { view: { at: "result", id }, count: null, said: null });
      toast(t("Hitungan tersimpan.", "The count is saved."));
      this.app.draw();
    } finally {
      this.signing = false;
    }
    return undefined;
  }

  /** Count again from the start. */
  async startOver() {
    const sure = await confirm(t("Hapus hitungan ini?", "Throw this count away?"), { danger: true, yes: t("Hapus", "Throw away"), no: t("Lanjutkan", "Go on") });
    if (!sure) return;
    await this.app.store.write((tx) => tx.delete("kv", `count:${this.count.id}`));
    await this.list();
  }

  async mend(id) {
    const count = await this.receipts.reopen(id);
    if (!count) return;
    this.app.outbox.wake();
    await this.receipts.load();
    await this.go({ at: "count", id: count.id }, count);
  }

  // -- what is shown -------------------------------------------------------------------------------------

  tell(kind, text) {
    this.said = kind ? { kind, text } : null;
    this.counting?.update();
  }

  draw() {
    this.counting = this.count ? new Counting(this) : null;
    fill(this.app.place, this.counting ? this.counting.element : this.view.at === "result" && this.receipts.of(this.view.id) ? resultView(this, this.receipts.of(this.view.id)) : listView(this));
    this.counting?.focus();
  }
}

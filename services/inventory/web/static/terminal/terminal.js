// The terminal as a whole: the tiles or the entry, the keys, and what was recorded today.
import { button, confirm, fill, h, toast } from "../shared/dom.js";
import { Typed, onButton } from "../shared/typed.js";
import { nameOf, t } from "../shared/words.js";
import { badgeOf, noBadge } from "./badges.js";
import { askBadge, askShares, askTime } from "./dialogs.js";
import { begun, entryOf, missing, outputOf, typedKey, withMaker, withoutMaker } from "./entry.js";
import { Form } from "./form.js";
import { listed } from "./listed.js";
import { tiles } from "./tiles.js";

export class Terminal {
  constructor(app, products, today) {
    Object.assign(this, { app, products, today, entry: null, form: null, said: null, lacking: new Set() });
    this.list = h("section", { class: "card", "aria-label": t("Catatan hari ini", "Recorded today") });
    this.typed = new Typed({
      figure: (key) => this.figure(key), erase: () => this.erase(), code: (text) => this.scanned(text), enter: () => this.enter(),
      escape: () => this.cancel() !== false, spelt: (text) => this.tell(text ? "info" : null, t("Dibaca: {text}", "Read: {text}", { text })),
      save: () => this.entry, restore: (entry) => this.change(entry),
    });
    app.outbox.addEventListener("change", () => this.reload());
  }

  async load() {
    await this.products.load();
    await this.today.load();
    this.entry = (await this.app.store.get("entry")) ?? null;
    for (const reference of this.entry?.makers ?? []) this.ask(reference);
  }

  async refresh() {
    const fresh = await this.products.refresh();
    await this.today.refresh(this.products);
    if (fresh && !this.entry) this.app.draw();
    else this.drawList();
  }

  async reload() {
    await this.today.load();
    this.drawList();
  }

  // -- what a person does --------------------------------------------------------------------------------

  choose(product) {
    this.change(begun(product));
  }

  /** A figure typed or pressed: a tile's number, or a quantity. */
  figure(name) {
    if (this.entry) return this.change(typedKey(this.entry, name));
    const product = this.products.sorted[Number(name) - 1];
    return product && this.choose(product);
  }

  erase() {
    if (!this.entry) return false;
    this.change(typedKey(this.entry, "Backspace"));
    return true;
  }

  /** The field that figures go to. */
  fill(field) {
    if (this.entry && this.entry.field !== field) this.change({ ...this.entry, field });
  }

  scanned(text) {
    const reference = badgeOf(text);
    if (!this.entry) return this.tell("bad", t("Pilih produk dulu, lalu pindai kartu.", "Choose a product first, then scan the badge."));
    return reference ? this.addMaker(reference) : this.tell("bad", noBadge(text));
  }

  addMaker(reference) {
    const [entry, told] = withMaker(this.entry, reference);
    this.change(entry);
    if (told) this.tell("warn", told);
    else this.ask(reference);
  }

  drop(reference) {
    this.lacking.delete(reference);
    this.change(withoutMaker(this.entry, reference));
  }

  /** Whether this maker may make it: a warning at most, and silence without network. */
  async ask(reference) {
    const { sku, made_at: made } = this.entry;
    const eligible = await this.products.eligible(sku, reference, made);
    const still = this.entry?.sku === sku && this.entry.made_at === made && this.entry.makers.includes(reference);
    if (!still || eligible === null) return;
    this.lacking[eligible ? "delete" : "add"](reference);
    if (!eligible) this.said = { kind: "warn", text: t("Sertifikat pembuat ini belum ada atau tidak berlaku. Boleh dicatat; petugas yang memutuskan.", "This maker has no valid certificate. It may be recorded; staff will decide.") };
    this.form?.update();
  }

  async spell() {
    const reference = await askBadge();
    if (reference) this.addMaker(reference);
    this.form?.focus();
  }

  async share() {
    const shares = await askShares(this.entry);
    if (shares !== undefined) this.change({ ...this.entry, shares });
    this.form?.focus();
  }

  async changeTime() {
    const made = await askTime(this.entry.made_at);
    if (made !== undefined) {
      this.lacking.clear();
      this.change({ ...this.entry, made_at: made });
      for (const reference of this.entry.makers) this.ask(reference);
    }
    this.form?.focus();
  }

  enter() {
    if (!this.entry || onButton()) return false;
    this.save();
    return true;
  }

  /** Record it: on this device first. */
  async save() {
    const { entry } = this;
    const wrong = missing(entry);
    if (wrong) return this.tell("bad", wrong);
    const { paired, clock } = this.app.device;
    const written = this.today.record(outputOf(entry, paired.workshop, clock.text()), entry);
    this.show(null); // before it is on the disk: nobody saves it twice, and what is scanned meanwhile is not of it
    try {
      await written;
    } catch (error) {
      this.show(entry);
      throw error;
    }
    toast(t("Tersimpan.", "Saved."));
    return undefined;
  }

  /** Away with the entry. @returns {boolean|Promise} false when there is none */
  cancel() {
    if (!this.entry) return false;
    const { good, rejected, makers } = this.entry;
    if (!good && !rejected && !makers.length) return this.change(null);
    const question = t("Buang catatan ini?", "Throw this entry away?");
    return confirm(question, { danger: true, yes: t("Buang", "Throw away"), no: t("Lanjutkan", "Go on") }).then((sure) => (sure ? this.change(null) : this.form?.focus()));
  }

  /** One that was refused becomes an entry again. */
  async mend(record) {
    if (this.entry) return;
    const entry = await this.today.reopen(record.id, (body) => entryOf(body, record));
    if (!entry) return;
    this.app.outbox.wake();
    await this.today.load();
    this.show(entry);
    for (const reference of entry.makers) this.ask(reference);
  }

  // -- what is shown ---------------------------------------------------------------------------------------

  /** The entry as it is now, kept at once. */
  change(entry) {
    const kept = this.app.store.write((tx) => (entry ? tx.put("kv", entry, "entry") : tx.delete("kv", "entry")));
    this.show(entry);
    return kept;
  }

  show(entry) {
    const same = Boolean(this.entry) === Boolean(entry) && this.form && this.entry?.sku === entry?.sku;
    Object.assign(this, { entry, said: null });
    if (!entry) this.lacking.clear();
    if (same) this.form.update();
    else this.app.draw();
  }

  tell(kind, text) {
    this.said = kind ? { kind, text } : null;
    if (this.form) this.form.update();
    else fill(this.told, this.said ? h("p", { class: `banner ${kind}`, role: "alert" }, text) : null);
  }

  draw() {
    this.form = this.entry ? new Form(this) : null;
    fill(this.app.place, this.form ? this.form.element : this.#choice());
    if (this.form) this.form.focus();
    else this.drawList();
  }

  #choice() {
    const { sorted, workshop, known } = this.products;
    const none = known ? t("Bengkel ini belum punya produk. Minta petugas menambahkannya.", "This workshop has no products yet. Ask staff to add them.")
      : t("Daftar produk belum termuat. Perangkat perlu jaringan sekali saja.", "The products are not loaded yet. This needs the network once.");
    this.told = h("div", { class: "told" });
    return h("div", { class: "page choice" },
      h("div", { class: "headline" }, h("h1", {}, t("Apa yang selesai dibuat?", "What was made?")), h("span", { class: "soft" }, workshop)), this.told,
      this.#justPaired(),
      sorted.length ? tiles(sorted, (product) => this.choose(product)) : h("div", { class: "card empty" }, h("p", {}, none), button(t("Coba lagi", "Try again"), () => this.refresh(), "quiet")),
      this.list);
  }

  /** Outputs have no number: whether one was lost with the previous device, only people can tell. */
  #justPaired() {
    const { device } = this.app;
    if (!device.paired.fresh) return null;
    const seen = async () => {
      await device.keep({ fresh: false });
      this.app.draw();
    };
    return h("div", { class: "banner warn row between", "data-compare": true },
      h("span", {}, t(
        "Perangkat ini baru dipasangkan. Yang dicatat di perangkat sebelumnya tanpa jaringan mungkin belum sampai: "
          + "bandingkan dengan daftar hari ini, tanyakan hari sebelumnya kepada petugas, catat lagi yang tidak ada.",
        "This device was just paired. What the previous device recorded without a network may not have arrived: "
          + "compare with today's list, ask staff about the days before, and record again what is missing.",
      )),
      button(t("Sudah dibandingkan", "Compared"), seen));
  }

  /** What is half made, to be written down when it cannot be saved. */
  asText() {
    if (!this.entry) return null;
    const { name, sku, good, rejected, makers } = this.entry;
    return [t("CATATAN", "ENTRY"), `${nameOf(name) || sku}: ${good || 0}, ${t("rusak", "rejected")} ${rejected || 0}`, ...makers].join("\n");
  }

  drawList() {
    if (!this.entry) fill(this.list, listed(this.today.records, (record) => this.mend(record)));
  }
}

// What the outlet can sell, as the server last told it: kept, so that it is there without network.
import { businessDay, nameOf } from "../shared/words.js";
import { sumOfQuantities } from "./money.js";

export class Catalogue {
  constructor(app) {
    Object.assign(this, { app, items: [], etag: null, fetchedAt: null, reserved: new Map() });
  }

  async load() {
    this.#take(await this.app.store.get("catalogue"));
  }

  #take(kept) {
    if (!kept) return;
    Object.assign(this, kept);
    this.bySku = new Map(this.items.map((item) => [item.sku.toUpperCase(), item]));
    this.byLot = new Map(this.items.flatMap((item) => item.lots.map((lot) => [lot.lot, { item, lot }])));
  }

  /** Ask the server; without network what is kept stays. @returns {Promise<boolean>} whether it changed */
  async refresh() {
    const { device, store } = this.app;
    const headers = this.etag ? { "If-None-Match": this.etag } : {};
    const answer = await device.api(
      "GET",
      `/sales/v1/catalogue?outlet=${encodeURIComponent(device.paired.outlet)}`,
      undefined,
      headers,
    );
    if (answer.status !== 200) return false;
    const kept = { items: answer.body.items, etag: answer.etag, fetchedAt: this.app.device.clock.text() };
    await store.set("catalogue", kept);
    this.#take(kept);
    return true;
  }

  /**
   * One sale more (1) or less (−1) is in the queue: the server does not know yet what it took. No entry: none is. `had`: now it
   * does, and what it said was left is less by that until it is asked again (what it had before a restore was counted then).
   */
  tally(entry, by, had = false) {
    if (!entry) this.reserved.clear();
    if (entry?.kind !== "sale") return;
    for (const { lot, quantity } of entry.body.lines) {
      this.reserved.set(lot, sumOfQuantities([this.reserved.get(lot) ?? 0, by * quantity]));
      const known = this.byLot?.get(lot)?.lot;
      if (known && had && !entry.again) known.available = sumOfQuantities([known.available, -quantity]);
    }
  }

  /** What is left of a lot, allowing for unsent sales and for what stands in `lines`. */
  left(lot, lines = []) {
    const here = lines.filter((line) => line.lot === lot.lot).map((line) => line.quantity);
    return sumOfQuantities([lot.available, -(this.reserved.get(lot.lot) ?? 0), ...here.map((quantity) => -quantity)]);
  }

  /** "recalled", "expired" or null: also of what expired since the server was last heard. */
  blocked(lot) {
    if (lot.blocked) return lot.blocked;
    return lot.expires_on && lot.expires_on < businessDay(this.app.device.clock.now()) ? "expired" : null;
  }

  /** The lot to sell of an item: first expired first out; when the shelf should be empty the last one; null when none is known. */
  pick(item, lines = []) {
    const free = item.lots.filter((lot) => !this.blocked(lot));
    return free.find((lot) => this.left(lot, lines) > 0) ?? free.at(-1) ?? null;
  }

  /** What a code means: {item, lot?}; lot only where the label of one was scanned. */
  find(code) {
    const found = this.byLot?.get(code);
    if (found) return found;
    const item = this.bySku?.get(code);
    return item ? { item } : null;
  }

  /** Items whose name or code holds every word. */
  search(text, category = null) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (item) =>
      words.every((word) => `${item.sku} ${item.name.id} ${item.name.en}`.toLowerCase().includes(word));
    return this.items.filter((item) => (!category || item.category === category) && fits(item));
  }

  get categories() {
    return [...new Set(this.items.map((item) => item.category))].sort();
  }

  /** What each of these lines is called now, by sku; null where that is not known. */
  names(lines) {
    return Object.fromEntries(lines.map(({ sku }) => [sku, this.bySku?.get(sku.toUpperCase())?.name ?? null]));
  }

  name(sku) {
    return nameOf(this.bySku?.get(sku.toUpperCase())?.name) || sku;
  }

  unit(sku) {
    return this.bySku?.get(sku.toUpperCase())?.unit ?? "";
  }
}

// What this workshop makes, kept for days without network; and whether a maker may make it, asked badge by badge.
import { nameOf } from "../shared/words.js";

const ICONS = ["bahan-bangunan", "kerajinan", "mebel", "pakaian", "pangan", "sabut", "tekstil"];

export class Products {
  constructor(app) {
    Object.assign(this, { app, items: [], workshop: "", code: null, known: false });
  }

  async load() {
    Object.assign(this, (await this.app.store.get("products")) ?? {});
  }

  /** Ask the server; without it, what is kept serves. @returns {Promise<boolean>} whether something is new */
  async refresh() {
    const { device, store } = this.app;
    const before = JSON.stringify([this.items, this.workshop]);
    try {
      const items = await device.all("/inventory/v1/products?active=true&limit=1000");
      const place = await device.api("GET", `/inventory/v1/workshops/${device.paired.workshop}`);
      if (!items) return false;
      const code = device.paired.workshop;
      Object.assign(this, { items, code, workshop: place.body?.name ?? code, known: true });
    } catch {
      return false; // no network
    }
    const { items, workshop, code, known } = this;
    if (JSON.stringify([items, workshop]) === before) return false;
    await store.set("products", { items, workshop, code, known });
    return true;
  }

  /** In the order of their codes, so that each keeps its place. */
  get sorted() {
    return [...this.items].sort((one, other) => (one.sku < other.sku ? -1 : 1));
  }

  of = (sku) => this.items.find((item) => item.sku === sku) ?? null;

  named = (sku) => nameOf(this.of(sku)?.name) || sku;

  /** @returns {Promise<boolean|null>} whether acceptance would take this maker; null when nobody answers */
  async eligible(sku, reference, madeAt) {
    const { device } = this.app;
    const query = new URLSearchParams({ sku, worker_ref: reference, ...(madeAt ? { made_at: madeAt } : {}) });
    try {
      const answer = await device.api("GET", `/inventory/v1/workshops/${device.paired.workshop}/eligibility?${query}`);
      return answer.status === 200 ? answer.body.eligible : null;
    } catch {
      return null;
    }
  }
}

/** The picture of a category. */
export const iconOf = (category) => `../static/shared/icons/${ICONS.includes(category) ? category : "lain"}.svg`;

// What is on its way to this shop, what its goods are called, and which differences are open: kept for hours without network.
import { nameOf } from "../shared/words.js";

export class Notes {
  constructor(app) {
    Object.assign(this, { app, ...NOTHING });
  }

  /** What was kept, if it is this outlet's. */
  async load() {
    const kept = await this.app.store.get("notes");
    if (kept && kept.outlet === this.app.device.paired?.outlet) Object.assign(this, kept);
  }

  /** Ask the servers; without them, what is kept serves. @returns {Promise<boolean>} whether something is new */
  async refresh() {
    const { device, store } = this.app;
    const { outlet } = device.paired;
    const before = this.at && JSON.stringify([this.coming, this.goods, this.differences]);
    try {
      const sent = await device.all(`/inventory/v1/consignments?location=${outlet}&status=dispatched&limit=1000`);
      if (!sent) return false;
      const coming = sent.filter((note) => note.outlet === outlet).map(({ id, from, dispatched_at, lines }) => ({ id, from, dispatched_at, lines: blind(lines) }));
      const differences = (await device.all(`/inventory/v1/discrepancies?outlet=${outlet}&state=open&limit=1000`)) ?? this.differences;
      const goods = (await catalogue(device, outlet)) ?? this.goods;
      Object.assign(this, { outlet, coming, differences, goods, at: device.clock.text() });
    } catch {
      return false; // no network
    }
    const { coming, goods, differences, at } = this;
    await store.set("notes", { outlet, coming, goods, differences, at });
    return JSON.stringify([coming, goods, differences]) !== before;
  }

  /** What a product is called. */
  named = (sku) => nameOf(this.goods.find((one) => one.sku === sku)?.name) || sku;

  unitOf = (sku) => this.goods.find((one) => one.sku === sku)?.unit ?? "";

  /** The product of a lot, from the catalogue or another delivery note; null when nobody here knows it. */
  skuOf(lot) {
    const sold = this.goods.find((one) => one.lots.includes(lot));
    return sold?.sku ?? this.coming.flatMap((note) => note.lines).find((line) => line.lot === lot)?.sku ?? null;
  }
}

const NOTHING = { outlet: null, coming: [], goods: [], differences: [], at: null };

/** Nobody here shall see a quantity before counting, whatever the server says. */
const blind = (lines) => lines.map(({ sku, lot }) => ({ sku, lot }));

async function catalogue(device, outlet) {
  const answer = await device.api("GET", `/sales/v1/catalogue?outlet=${outlet}`);
  if (answer.status !== 200) return null;
  return answer.body.items.map(({ sku, name, unit, lots }) => ({ sku, name, unit, lots: lots.map((one) => one.lot) }));
}

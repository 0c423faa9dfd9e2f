// Baskets that wait: their customers forgot something, or their money.
import { button, dialog, h } from "../shared/dom.js";
import { uuid7 } from "../shared/device.js";
import { hour, rupiah, t } from "../shared/words.js";
import { totalOf } from "./money.js";

const held = (app) => app.store.read((tx) => tx.records("held"));

export const heldCount = async (app) => (await held(app)).length;

export const holdCart = (app, lines) =>
  app.store.write(async (tx) => {
    await tx.put("records", { kind: "held", id: uuid7(), no: 0, at: app.device.clock.text(), lines });
    await tx.delete("kv", "cart");
  });

/** Choose one of them, and go on with it. */
export async function resumeDialog(app, sell) {
  const waiting = await held(app);
  if (!waiting.length) return;
  const one = waiting.length === 1 ? waiting[0] : await dialog((close) => h("div", { class: "stack" },
    h("h2", {}, t("Belanjaan yang ditahan", "Held baskets")),
    waiting.map((record) => button(`${hour(record.at)} · ${app.catalogue.name(record.lines[0].sku)} … · ${rupiah(totalOf(record.lines))}`, () => close(record), "wide quiet")),
    h("div", { class: "actions" }, button(t("Batal", "Cancel"), () => close(), "quiet"))), { label: t("Belanjaan yang ditahan", "Held baskets") });
  if (!one) return;
  const taken = await app.store.write(async (tx) => {
    if (!(await tx.get("records", ["held", one.id]))) return false; // pressed twice
    await tx.put("kv", one.lines, "cart");
    await tx.delete("records", ["held", one.id]);
    return true;
  });
  if (taken) await sell.resume(one.lines);
}

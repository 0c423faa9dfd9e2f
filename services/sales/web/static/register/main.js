// The register of a shop: pairing, shift, selling, refunds; with or without network.
import { button } from "../shared/dom.js";
import { start } from "../shared/start.js";
import { t } from "../shared/words.js";
import { Catalogue } from "./catalogue.js";
import { settle } from "./desk.js";
import { historyDialog } from "./history.js";
import { refundDialog } from "./refund.js";
import { Sell } from "./sell.js";
import { closeDialog } from "./shift_close.js";
import { openView } from "./shift_open.js";
import { keepInStep, learnNumber } from "./sync.js";
import { firstSteps } from "./waiting.js";

let sell = null;

const screen = {
  database: "lapak-register",
  others: ["lapak-receiving"],
  service: "sales",
  role: "register",
  settle,

  async begin(app) {
    app.catalogue = new Catalogue(app);
    await app.catalogue.load();
    app.refreshed = () => sell?.refreshed();
    app.inStep = keepInStep(app);
    if (app.device.paired) app.inStep();
  },

  /** Just paired: the first number and the catalogue come from the server. */
  async paired(app) {
    await learnNumber(app).catch(() => null);
    await app.inStep();
  },

  async draw(app) {
    const [number, shift] = await app.store.read(async (tx) => [await tx.get("kv", "next_no"), await tx.get("kv", "shift")]);
    sell?.leave();
    sell = null;
    app.shift = shift ?? null;
    if (!number) return firstSteps(app);
    if (!shift) return openView(app);
    sell = new Sell(app);
    return sell.draw();
  },

  menu(app) {
    const during = (act, text, key) => button([text, " ", key], () => sell?.free() && act(app), "quiet", { class: "button menu" });
    const entries = [["a", t("Penerimaan", "Receiving"), "/inventory/receiving/"]];
    if (!app.shift) return entries.map(link);
    return [
      during(historyDialog, t("Nota", "Receipts"), "F9"),
      during(refundDialog, t("Retur", "Refund"), "F8"),
      during(closeDialog, t("Tutup kasir", "Close shift"), "F10"),
      ...entries.map(link),
    ];
  },

  /** A new version may begin: nobody is in the middle of a sale. */
  idle: () => !document.querySelector("dialog[open]") && !sell?.busy,

  /** Why the device cannot be signed out, besides unsent facts. */
  holds: async (app) => ((await app.store.get("shift")) ? t("Tutup kasir dulu.", "Close the shift first.") : null),
};

function link([, text, href]) {
  const made = document.createElement("a");
  made.href = href;
  made.textContent = text;
  return made;
}

start(screen);

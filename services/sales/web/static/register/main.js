// The register of a shop: pairing, shift, selling, refunds; with or without network.
import { button } from "../shared/dom.js";
import { start } from "../shared/start.js";
import { t } from "../shared/words.js";
import { Catalogue } from "./catalogue.js";
import { kinds, requests, settle, unsent, waits } from "./desk.js";
import { historyDialog } from "./history.js";
import { refundDialog } from "./refund.js";
import { Sell } from "./sell.js";
import { closeDialog } from "./shift_close.js";
import { openView } from "./shift_open.js";
import { heard, keepInStep } from "./sync.js";
import { firstSteps } from "./waiting.js";

let [app, sell] = [null, null];

const screen = {
  database: "lapak-register",
  others: ["lapak-receiving"],
  service: "sales",
  role: "register",
  settle,
  kinds,
  unsent,
  requests: (record, part) => requests(record, app.device.paired.register, part),
  waits,
  tally: (...moved) => app.catalogue.tally(...moved),
  report: (_, rest) => ({ report: { ...rest, catalogue: app.catalogue.etag } }),
  heard: (answer) => heard(app, answer),
  onScreen: () => sell?.asText(),

  async begin(begun) {
    app = begun;
    app.catalogue = new Catalogue(app);
    await app.catalogue.load();
    app.refreshed = () => sell?.refreshed();
    app.inStep = keepInStep(app);
    if (app.device.paired) app.inStep();
  },

  async draw() {
    await sell?.writing?.catch(() => {}); // what is being written is not to be seen as a basket again
    const [number, shift] = await app.store.read(async (tx) => [
      await tx.get("kv", "next_no"),
      await tx.get("kv", "shift"),
    ]);
    sell?.leave();
    sell = null;
    app.shift = shift ?? null;
    if (!number || app.device.paired.fresh) return firstSteps(app);
    if (!shift) return openView(app);
    sell = new Sell(app);
    return sell.draw();
  },

  menu() {
    const during = (act, text, key) =>
      button([text, " ", key], () => sell?.free() && act(app), "quiet", { class: "button menu" });
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
  holds: async () => ((await app.store.get("shift")) ? t("Tutup kasir dulu.", "Close the shift first.") : null),
};

function link([, text, href]) {
  const made = document.createElement("a");
  made.href = href;
  made.textContent = text;
  return made;
}

start(screen);

// Receiving at a shop: what arrived is counted before anybody here sees what was sent.
import { h } from "../shared/dom.js";
import { start } from "../shared/start.js";
import { listen } from "../shared/typed.js";
import { t } from "../shared/words.js";
import { Notes } from "./notes.js";
import { Receipts, countAsText, requests } from "./receipts.js";
import { Receiving } from "./receiving.js";

const REGISTER = "/sales/register/";
let receiving;

start({
  database: "lapak-receiving",
  lent: "lapak-register",
  door: REGISTER,
  service: "inventory",
  role: "register",
  async begin(app) {
    receiving = new Receiving(app, new Notes(app), new Receipts(app));
    await receiving.load();
    listen(receiving.typed, () => !receiving.count || !app.place.isConnected);
    const refresh = () => app.device.paired && document.visibilityState === "visible" && receiving.refresh();
    addEventListener("online", refresh);
    document.addEventListener("visibilitychange", refresh);
    setInterval(refresh, 60_000);
    refresh();
  },
  draw: () => receiving.draw(),
  settle: (...said) => receiving.receipts.settle(...said),
  kinds: ["receipt"],
  unsent: { state: "waiting" },
  requests,
  onScreen: () => receiving?.count && countAsText(receiving.count),
  idle: () => !receiving.count && !document.querySelector("dialog[open]"),
  menu: () => [h("a", { href: REGISTER }, t("Kembali ke kasir", "Back to the register")), h("a", { href: "./", "aria-current": "page" }, t("Penerimaan", "Receiving"))],
});

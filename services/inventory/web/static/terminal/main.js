// The workshop terminal: what was made, how many, by whom. No money, no names, no list of people.
import { start } from "../shared/start.js";
import { listen } from "../shared/typed.js";
import { t } from "../shared/words.js";
import { Products } from "./products.js";
import { Terminal } from "./terminal.js";
import { Today, requests } from "./today.js";

let terminal;

start({
  database: "lapak-terminal",
  service: "inventory",
  role: "terminal",
  async begin(app) {
    const today = new Today(app);
    terminal = new Terminal(app, new Products(app), today);
    await terminal.load();
    listen(terminal.typed, () => !app.device.paired || !app.place.isConnected);
    const refresh = () => app.device.paired && document.visibilityState === "visible" && terminal.refresh();
    addEventListener("online", refresh);
    document.addEventListener("visibilitychange", refresh);
    setInterval(refresh, 30_000);
    refresh();
  },
  paired: () => terminal.refresh(),
  draw: () => terminal.draw(),
  settle: (...said) => terminal.today.settle(...said),
  kinds: ["output"],
  unsent: { state: "waiting" },
  requests,
  onScreen: () => terminal?.asText(),
  idle: () => !terminal.entry && !document.querySelector("dialog[open]"),
  holds: () => terminal.entry && t("Masih ada catatan yang belum disimpan.", "There is an entry that was not saved."),
});

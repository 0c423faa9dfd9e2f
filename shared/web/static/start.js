// How an offline screen begins: one tab, the device's memory, who it is, the queue that sends, new versions.
import { Device, onlyTab } from "./device.js";
import { fill, h, button } from "./dom.js";
import { pairingView } from "./door.js";
import { Frame } from "./frame.js";
import { stayFresh } from "./fresh.js";
import { Outbox } from "./outbox.js";
import { Store, keepForGood } from "./store.js";
import { lang, t } from "./words.js";

/**
 * Begin a screen. It gives:
 * - `database`: the name of the device's memory; `service`: whose API it talks to
 * - `role`: of the token that it needs; `lent`: the database of another screen that holds it, for one that pairs nobody itself
 * - `begin(app)`: once, before the first drawing; `paired(app)`: just after a pairing
 * - `draw(app)`: fill `app.place`; called again after a change of language
 * - `settle(tx, entry, answer, refused)`: note what the server said
 * - `idle()`: whether a new version may start now; `others`: databases whose unsent facts also bar from signing out
 * - `menu(app)`: entries of the bar, elements
 *
 * `app`: {store, device, outbox, frame, place, persisted, draw()}.
 */
export async function start(screen) {
  document.documentElement.lang = lang();
  const place = document.querySelector("#screen");
  let app = null;
  const lost = () => {
    app?.outbox.stop(); // the other window sends
    elsewhere(place, screen);
  };
  if (!(await onlyTab(screen.database, lost))) return elsewhere(place, screen);
  app = await run(screen, place);
}

async function run(screen, place) {
  const store = await Store.open(screen.database);
  const device = await new Device(store, screen.service).load();
  const app = { store, device, screen, persisted: await keepForGood() };
  app.outbox = new Outbox(store, device, (...said) => screen.settle(...said));
  await app.outbox.look(); // before anything is said about it
  app.frame = new Frame(place, app);
  app.place = app.frame.main;
  app.draw = () => drawn(app);
  if (screen.lent) await borrow(app);
  await screen.begin?.(app);
  app.outbox.run();
  app.draw();
  stayFresh((swap) => app.frame.offerNew(swap));
  return app;
}

/** Another screen of this device was paired: its token serves here too. */
async function borrow({ device, screen }) {
  const lender = await Store.open(screen.lent);
  const known = await lender.get("device");
  lender.database.close();
  if (!known?.token) device.paired = null; // signed out over there
  else if (known.token !== device.paired?.token) await device.keep(known);
}

async function drawn(app) {
  const { device, screen, frame } = app;
  document.title = `${document.body.dataset[lang() === "en" ? "titleEn" : "titleId"]} · Lapak`;
  if (device.paired?.role === screen.role) await screen.draw(app);
  else pairingView(app);
  frame.draw();
}

/** This screen is open in another tab: two would give the same number to two sales. */
function elsewhere(place, screen) {
  const take = async () => {
    if (await onlyTab(screen.database, () => elsewhere(place, screen), true)) location.reload();
  };
  fill(place, h("main", { class: "page narrow" }, h("div", { class: "card", role: "alert" },
    h("h1", {}, t("Sudah terbuka di jendela lain", "Open in another window")),
    h("p", {}, t("Agar nomor tidak ganda, hanya satu jendela yang dapat dipakai.", "Only one window can be used, so that no number is given twice.")),
    button(t("Pakai di sini", "Use it here"), take, "primary big"))));
}

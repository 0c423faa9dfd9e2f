// How an offline screen begins: one tab, the device's memory, who it is, the queue that sends, new versions.
import { Alarm } from "./alarm.js";
import { Device, onlyTab } from "./device.js";
import { fill, h, button } from "./dom.js";
import { pairingView } from "./door.js";
import { Frame } from "./frame.js";
import { stayFresh } from "./fresh.js";
import { home, homeName, leftBehind } from "./homes.js";
import { Outbox } from "./outbox.js";
import { keepTidy } from "./tidy.js";
import { Store, keepForGood } from "./store.js";
import { lang, t } from "./words.js";

/**
 * Begin a screen. It gives:
 * - `database`: the name of the device's memory; `service`: whose API it talks to
 * - `role`: of the token that it needs; `lent`: the database of another screen that holds it, for one that pairs nobody itself
 * - `begin(app)`: once, before the first drawing; `paired(app)`: just after a pairing
 * - `draw(app)`: fill `app.place`; called again after a change of language
 * - `settle`, `tally`, `report`, `heard`, `kinds`, `requests`, `unsent`: for the queue (see Outbox and Again)
 * - `onScreen(app)`: what a person has before them that is not saved, as text: shown when nothing can be saved
 * - `idle()`: whether a new version may start now; `others`: databases whose unsent facts also bar from signing out
 * - `menu(app)`: entries of the bar, elements
 *
 * `app`: {base, store, device, outbox, frame, place, persisted, left, draw()}; `base` knows who the device is, `store`
 * has the facts; `left`: what else it was, whose facts a restored server may lack.
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
  const app = { screen, persisted: false };
  keepForGood().then((kept) => (app.persisted = kept)); // the browser may take its time, or ask a person
  const alarm = new Alarm(() => screen.onScreen?.(app));
  app.base = await Store.open(screen.database, alarm);
  app.device = await new Device(app.base, screen.service).load();
  if (screen.lent) await borrow(app);
  app.store = await home(app.base, app.device.paired, alarm);
  app.left = [];
  app.outbox = await queueOf(app);
  alarm.unsent = () => app.outbox.state.unsent;
  app.frame = new Frame(place, app);
  app.place = app.frame.main;
  app.draw = () => drawn(app);
  await screen.begin?.(app);
  app.outbox.run();
  keepTidy(app);
  app.draw();
  stayFresh((swap) => app.frame.offerNew(swap));
  return app;
}

async function queueOf(app) {
  const { screen, store, device, base } = app;
  const outbox = await new Outbox(store, device, screen).load();
  let seen = null;
  device.onepoch = async (epoch, parted) => {
    if (!device.paired) return;
    await outbox.epoch(epoch, parted);
    if (outbox.again.epochs.at(-1) !== epoch || seen === epoch) return;
    seen = epoch;
    app.left = await leftBehind(base, device.paired, epoch);
    app.frame?.tell();
  };
  device.claimed = (paired) => homeName(base, paired); // while it is known who the device was before
  return outbox;
}

/** Another screen of this device was paired: its token serves here too. */
async function borrow({ device, screen, base }) {
  const lender = await Store.open(screen.lent);
  const known = await lender.get("device");
  lender.close();
  if (!known?.token)
    device.paired = null; // signed out over there
  else if (known.token !== device.paired?.token) {
    await homeName(base, known);
    device.paired = null;
    await device.keep(known);
  }
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
  fill(
    place,
    h(
      "main",
      { class: "page narrow" },
      h(
        "div",
        { class: "card", role: "alert" },
        h("h1", {}, t("Sudah terbuka di jendela lain", "Open in another window")),
        h(
          "p",
          {},
          t(
            "Agar nomor tidak ganda, hanya satu jendela yang dapat dipakai.",
            "Only one window can be used, so that no number is given twice.",
          ),
        ),
        button(t("Pakai di sini", "Use it here"), take, "primary big"),
      ),
    ),
  );
}

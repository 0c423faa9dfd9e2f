// What the register and the server tell each other besides facts: what is unsent, which numbers the server lacks, whether
// the catalogue changed. It goes along with each batch of facts; once a minute it is asked for by itself.
import { told } from "../shared/clock.js";
import { requests } from "./desk.js";

const EVERY = 60_000;
export const MOST = 9_999_999; // of a receipt's number: a scanned article number of 8 or 13 digits is none
const FEW = 100; // unsent facts; with more the server lacks numbers because they are still on their way

/** The highest number that the server has seen; 0 for one that cannot be right: numbers do not go on after that. */
export const plausible = (last) => (last <= MOST ? last : 0);

/** Numbers begin after the highest that the server has seen; one that another device used meanwhile is not used again. */
async function takeNumber({ store }, said) {
  const last = plausible(said);
  const behind = (next) => next && last >= next;
  if (!behind(await store.get("next_no"))) return;
  await store.write(async (tx) => behind(await tx.get("kv", "next_no")) && tx.put("kv", last + 1, "next_no"));
}

/** Ask the server what it has of this register. @returns {Promise<object|null>} {last_no, missing, quarantined} */
export async function askServer(app) {
  const answer = await app.device.api("GET", `/sales/v1/registers/${app.device.paired.register}/sync`);
  return answer.status === 200 ? answer.body : null;
}

let learned = null; // the token with which the names were last asked for: once in each run of the page

/** What stands on receipts above the number; a shop may be given another name. */
async function learnNames({ device }) {
  const { register, outlet, token } = device.paired;
  const [shop, till] = await Promise.all([
    device.api("GET", `/sales/v1/outlets/${outlet}`),
    device.api("GET", `/sales/v1/registers/${register}`),
  ]);
  if (device.paired?.token !== token) return; // it is somebody else by now
  const { outlet_name: called = outlet, register_name: known = register } = device.paired;
  const said = (answer, before) => (answer.status === 200 ? answer.body.name : before);
  await device.keep({ outlet_name: said(shop, called), register_name: said(till, known) });
  if (shop.status < 500 && till.status < 500) learned = token;
}

const gone = new Set(); // numbers that this device has not: lost with another one, a gap that people close

/** A number that the server misses and that we have is sent again. */
async function sendAgain({ store, outbox, device }, missing) {
  const wanted = missing.filter((no) => !gone.has(no));
  if (!wanted.length) return;
  const again = await store.write(async (tx) => {
    const found = (await Promise.all(wanted.map((no) => tx.records("sale", "no", no, no)))).flat();
    const numbers = new Set(found.map((record) => record.no));
    for (const no of wanted) if (!numbers.has(no)) gone.add(no);
    const waiting = new Set((await tx.all("outbox")).map((entry) => entry.id));
    const lacking = found.filter((record) => !waiting.has(record.id));
    for (const record of lacking)
      for (const entry of requests(record, device.paired.register)) await outbox.add(tx, entry);
    return lacking.length;
  });
  if (again) outbox.wake();
}

/** What the server said of what it has: {last_no, missing}. */
export async function takeSync(app, known) {
  await takeNumber(app, known.last_no);
  if (known.missing.length && app.outbox.state.unsent < FEW) await sendAgain(app, known.missing);
}

async function round(app) {
  const { device, outbox, catalogue } = app;
  if (!device.paired || device.paired.fresh || outbox.state.trouble === "revoked") return;
  if (learned !== device.paired.token) await learnNames(app);
  const known = await askServer(app);
  if (known) await takeSync(app, known);
  const { unsent, oldest } = outbox.state;
  const body = { unsent, oldest_at: oldest, sent_at: told() };
  await device.api("PUT", `/sales/v1/registers/${device.paired.register}/state`, body);
  if (await catalogue.refresh()) app.refreshed?.();
}

/** What came with the answer to facts: so one sale is one request. Those that bring no such news are asked about afterwards. */
export async function heard(app, { sync }) {
  app.toAsk = !sync;
  if (!sync) return;
  await takeSync(app, sync);
  if (sync.catalogue_changed)
    app.catalogue.refresh().then(
      (fresh) => fresh && app.refreshed?.(),
      () => {},
    ); // nobody waits for it
}

/** Run for as long as the page lives. */
export function keepInStep(app) {
  let [busy, again] = [false, false];
  const step = async () => {
    again = busy; // what is asked for in the middle of a round comes after it
    if (busy) return;
    busy = true;
    await round(app).catch(() => {}); // no network: the next round will do
    busy = false;
    if (again) await step();
  };
  let before = null;
  app.outbox.addEventListener("change", () => {
    const { unsent } = app.outbox.state;
    if (before && !unsent && app.toAsk) step();
    before = unsent;
  });
  setInterval(step, EVERY);
  addEventListener("online", step);
  return step;
}

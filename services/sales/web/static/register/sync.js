// Once a minute and whenever the queue has emptied: tell the server what is unsent, hear which numbers it lacks.

const EVERY = 60_000;

/** Numbers begin after the highest that the server has seen; one that another device used meanwhile is not used again. */
export async function learnNumber(app) {
  const { device, store } = app;
  const answer = await device.api("GET", `/sales/v1/registers/${device.paired.register}/sync`);
  if (answer.status !== 200) return null;
  const { last_no: last } = answer.body;
  await store.write(async (tx) => {
    const next = (await tx.get("kv", "next_no")) ?? 1;
    if (last >= next) await tx.put("kv", last + 1, "next_no");
    else if (next === 1) await tx.put("kv", 1, "next_no");
  });
  return answer.body;
}

/** What stands on receipts above the number. */
async function learnNames({ device }) {
  const { register, outlet } = device.paired;
  const [shop, till] = await Promise.all([device.api("GET", `/sales/v1/outlets/${outlet}`), device.api("GET", `/sales/v1/registers/${register}`)]);
  await device.keep({ outlet_name: shop.body?.name ?? outlet, register_name: till.body?.name ?? register });
}

/** A number that the server misses and that we have: a restored server asks for it in this way. */
async function sendAgain(app, missing) {
  const { store, outbox, device } = app;
  let again = 0;
  await store.write(async (tx) => {
    const waiting = new Set((await tx.all("outbox")).map((entry) => entry.id));
    for (const no of missing) {
      const [record] = await tx.records("sale", "no", no, no);
      if (!record || waiting.has(record.id)) continue;
      await outbox.add(tx, { kind: "sale", id: record.id, no, at: record.at, path: `/sales/v1/registers/${device.paired.register}/sales`, list: "sales", timed: true, body: record.sale });
      again += 1;
    }
  });
  if (again) outbox.wake();
}

async function round(app) {
  const { device, outbox, catalogue } = app;
  if (!device.paired || outbox.state.trouble === "revoked") return;
  if (!device.paired.outlet_name) await learnNames(app);
  const known = await learnNumber(app);
  if (known?.missing.length) await sendAgain(app, known.missing);
  const { unsent, oldest } = outbox.state;
  const body = { unsent, oldest_at: oldest, sent_at: new Date().toISOString() };
  await device.api("PUT", `/sales/v1/registers/${device.paired.register}/state`, body);
  if (await catalogue.refresh()) app.refreshed?.();
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
    if (before && !unsent) step();
    before = unsent;
  });
  setInterval(step, EVERY);
  addEventListener("online", step);
  return step;
}

// What is unsent, why, and what can be done: send again, keep it in a file, sign the device out.
import { stamp, told } from "./clock.js";
import { button, confirm, dialog, h, toast } from "./dom.js";
import { pairingView } from "./door.js";
import { unsentElsewhere } from "./homes.js";
import { age, moment, number, t } from "./words.js";

const SHOWN = 50; // of those that wait

const KINDS = {
  sale: () => t("Penjualan", "Sale"),
  return: () => t("Pengembalian", "Return"),
  "shift-open": () => t("Buka kasir", "Shift opened"),
  "shift-close": () => t("Tutup kasir", "Shift closed"),
  output: () => t("Hasil kerja", "Output"),
  receipt: () => t("Penerimaan", "Goods receipt"),
};

/** Everything about the device's queue, and the few things to do about it. */
export async function statusDialog(app) {
  const entries = await app.outbox.first(SHOWN);
  const { unsent, oldest, trouble, sentAt, drift } = app.outbox.state;
  const rows = entries.map((entry) => h("tr", {},
    h("td", {}, KINDS[entry.kind]?.() ?? entry.kind, entry.no ? ` ${entry.no}` : ""), h("td", { class: "nowrap" }, moment(entry.at)),
    h("td", {}, entry.problem ? h("span", { class: "badge bad" }, reason(entry.problem)) : t("menunggu", "waiting"))));
  const facts = [
    [t("Belum terkirim", "Unsent"), unsent ? `${number(unsent)} · ${oldest ? age(oldest) : "–"}` : t("tidak ada", "none")],
    [t("Terakhir terkirim", "Last sent"), sentAt ? moment(sentAt) : "–"],
    [t("Selisih jam dengan server", "Clock against the server"), drift === null ? "–" : t("{n} detik", "{n} s", { n: drift })],
    [t("Penyimpanan tetap", "Storage kept for good"), app.persisted ? t("ya", "yes") : t("belum; jangan bersihkan data peramban", "not granted; do not clear the browser's data")],
  ];
  return dialog((close) => h("div", { class: "stack" },
    h("h2", {}, t("Pengiriman", "Sending")),
    trouble === "revoked" ? h("p", { class: "banner bad" }, t("Izin perangkat ini sudah dicabut. Pasangkan lagi dengan kode baru; tidak ada yang hilang.", "This device was revoked. Pair it again with a new code; nothing is lost.")) : null,
    h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    app.left.map((code) => h("p", { class: "banner warn" }, leftBehind(code))),
    app.device.clock.behind ? h("p", { class: "banner warn" }, t("Jam perangkat ini terlambat. Catatan memakai waktu server yang terakhir diketahui; betulkan jamnya.", "This device's clock is behind. Records go by the server's time as last known; set the clock.")) : null,
    rows.length ? h("div", { class: "scroll" }, h("table", { class: "list" }, h("tbody", {}, rows))) : null,
    h("div", { class: "actions" },
      unsent ? button(t("Simpan ke berkas", "Save to a file"), () => exported(app), "quiet") : null,
      app.screen.lent ? null : button(t("Lepas perangkat", "Sign out"), () => signOut(app, close), "danger"),
      trouble === "revoked" ? button(t("Pasangkan lagi", "Pair again"), () => pairAgain(app, close), "primary") : null,
      entries.length ? button(t("Kirim sekarang", "Send now"), () => { app.outbox.retry(); close(); }, "primary") : null,
      button(t("Tutup", "Close"), () => close(), entries.length ? "quiet" : "primary", { autofocus: true })),
  ), { label: t("Pengiriman", "Sending"), wide: true });
}

const leftBehind = (code) => t(
  "Server dipulihkan. Perangkat ini dulu {code}: pasangkan sebagai {code} sekali lagi, "
    + "supaya catatannya dikirim ulang.",
  "The server was restored. This device was {code} before: pair it as {code} once more, "
    + "so that its records are sent again.",
  { code },
);

const reason = ({ status, said }) => said?.detail ?? said?.title ?? said?.status ?? String(status);

/** The unsent facts as a file that `lapak import-unsent` reads: for a device that will not get its network back. */
export async function exported(app) {
  const entries = await app.outbox.everything();
  const { role, outlet, register, workshop } = app.device.paired;
  const body = { lapak: "unsent", version: 1, role, outlet, register, workshop, exported_at: told() };
  body.clock = { told: told(), at: app.device.clock.text(), ...stamp() }; // from which the server works out when they happened
  body.entries = entries.map(({ kind, id, at, method, path, list, timed, body: fact }) => ({ kind, id, at, method, path, list, timed, body: fact }));
  const url = URL.createObjectURL(new Blob([JSON.stringify(body, null, 1)], { type: "application/json" }));
  const name = `lapak-${register ?? workshop}-${body.exported_at.slice(0, 16).replace(/[:T]/g, "")}.json`;
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Forget the token: only when the server has everything. */
async function signOut(app, close) {
  await app.outbox.look();
  const { oldest } = app.outbox.state;
  const unsent = app.outbox.state.unsent + (await unsentElsewhere(app.screen.others, app.device.paired));
  if (unsent) {
    const text = t("Masih ada {n} catatan yang belum terkirim, yang tertua {age} lalu. Kirim dulu, atau simpan ke berkas.",
      "{n} records are still unsent, the oldest since {age}. Send them first, or save them to a file.", { n: unsent, age: age(oldest ?? Date.now()) });
    return dialog((done) => h("div", { class: "stack" }, h("p", { class: "banner bad", role: "alert" }, text),
      h("div", { class: "actions" }, button(t("Mengerti", "I see"), () => done(), "primary", { autofocus: true }))));
  }
  const held = await app.screen.holds?.(app);
  if (held) return toast(held, "bad");
  const sure = await confirm(t("Lepas perangkat ini?", "Sign this device out?"), { danger: true, detail: t("Untuk memakainya lagi perlu kode baru.", "To use it again takes a new code.") });
  if (!sure) return undefined;
  await app.base.write((tx) => tx.delete("kv", "device"));
  app.device.paired = null;
  close();
  return app.draw();
}

function pairAgain(app, close) {
  close();
  pairingView(app);
}

// The list of today's outputs.
import { h } from "../shared/dom.js";
import { key } from "../shared/keypad.js";
import { businessDay, day, hour, number, t } from "../shared/words.js";
import { recordName } from "./today.js";

const STATES = {
  waiting: () => ["warn", t("Menunggu kirim", "Waiting to be sent")],
  proposed: () => ["info", t("Diusulkan", "Proposed")],
  accepted: () => ["good", t("Diterima", "Accepted")],
  rejected: () => ["bad", t("Ditolak petugas", "Turned down by staff")],
  refused: () => ["bad", t("Tidak dapat dicatat", "Could not be recorded")],
};

const WHY = {
  sku: () => t("produk ini tidak lagi dibuat di bengkel ini", "this product is no longer made in this workshop"),
  workshop: () => t("produk ini dibuat di bengkel lain", "this product is made in another workshop"),
  made_at: () => t("waktu pembuatan belum tiba; periksa jam perangkat", "the time of making lies ahead; check this device's clock"),
  recorded_at: () => t("jam perangkat salah", "this device's clock is wrong"),
  makers: () => t("pembuat atau pembagiannya salah", "the makers or their shares are wrong"),
  good: () => t("jumlahnya salah", "the quantity is wrong"),
  rejected: () => t("jumlah rusaknya salah", "the rejected quantity is wrong"),
};

/** Why the server will not have it, in words. */
export function reasonOf(problem) {
  if (problem?.status === "conflict" || problem?.status === 409) return t("sudah tercatat dengan isi lain", "it is recorded already, with other content");
  if (problem?.status === 403) return t("perangkat ini milik bengkel lain", "this device belongs to another workshop");
  const named = Object.keys(problem?.errors ?? {}).map((path) => path.split(".")[0]);
  const said = [...new Set(named)].map((name) => WHY[name]?.()).filter(Boolean);
  return said.join("; ") || problem?.detail || t("isi tidak dikenali", "its content was not understood");
}

function outcome({ state, unit, accepted_good: good, lot, reason, problem }) {
  if (state === "accepted") return [`${number(good)} ${unit} · ${t("nomor produksi", "lot")} `, h("span", { class: "code strong" }, lot)];
  if (state === "rejected") return reason;
  return state === "refused" ? reasonOf(problem) : null;
}

function row(record, mend) {
  const [kind, said] = STATES[record.state]();
  const { good, rejected, unit, makers, made_at: made } = record;
  const when = businessDay(made) === businessDay() ? hour(made) : `${day(made)}, ${hour(made)}`;
  const facts = [when, t("{n} pembuat", makers === 1 ? "{n} maker" : "{n} makers", { n: makers })];
  if (rejected) facts.push(t("{n} rusak", "{n} rejected", { n: number(rejected) }));
  const told = outcome(record);
  return h("li", { class: "made", "data-state": record.state },
    h("span", { class: "made-count" }, h("b", {}, number(good)), h("span", { class: "small soft" }, unit)),
    h("span", { class: "made-what" }, h("span", { class: "strong" }, recordName(record)), h("span", { class: "small soft" }, facts.join(" · ")),
      told ? h("span", { class: "small made-told" }, told) : null),
    h("span", { class: "made-state" }, h("span", { class: `badge ${kind}` }, said),
      record.state === "refused" ? key(t("Perbaiki", "Mend"), () => mend(record), "quiet") : null));
}

/** Today's outputs; `mend(record)` is asked for one that was refused. */
export function listed(records, mend) {
  const rows = records.map((record) => row(record, mend));
  return [
    h("h2", {}, t("Catatan hari ini", "Recorded today")),
    rows.length ? h("ul", { class: "made-list" }, rows) : h("p", { class: "empty" }, t("Belum ada. Pilih produk untuk mulai.", "Nothing yet. Choose a product to begin.")),
  ];
}

// What a count came to: first only what was counted; sent against counted once the server has it.
import { button, h } from "../shared/dom.js";
import { moment, number, t } from "../shared/words.js";

/** [kind of badge, words] of a receipt. */
export function stateOf({ state, compared }) {
  if (state === "waiting") return ["warn", t("Menunggu kirim", "Waiting to be sent")];
  if (state === "refused") return ["bad", t("Tidak dapat dicatat", "Could not be recorded")];
  if (!compared) return ["info", t("Tercatat", "Recorded")];
  return compared.every((row) => row.open === 0) ? ["good", t("Cocok", "It agrees")] : ["bad", t("Ada selisih", "It differs")];
}

/** Why the server will not have it, in words. */
export function reasonOf(problem, record, notes) {
  const lines = Object.keys(problem?.errors ?? {}).flatMap((path) => path.match(/^lines\.(\d+)\.lot$/)?.[1] ?? []);
  const named = lines.map((index) => record.lines[index]).filter(Boolean);
  if (named.length) return t("Lot ini bukan lot produk tersebut: {lots}. Perbaiki, lalu tanda tangani lagi.", "These lots are of another product: {lots}. Mend it and sign again.", { lots: named.map((line) => `${line.lot} (${notes.named(line.sku)})`).join(", ") });
  if (problem?.errors?.received_at) return t("Jam perangkat ini salah. Betulkan jamnya, lalu tanda tangani lagi.", "This device's clock is wrong. Set it, then sign again.");
  if (problem?.status === 403) return t("Kiriman ini untuk gerai lain.", "This delivery is for another outlet.");
  if (problem?.status === 404) return t("Surat jalan ini tidak dikenal server.", "The server does not know this delivery note.");
  return problem?.detail || problem?.title || t("Server tidak menerimanya.", "The server does not take it.");
}

function banner(record, notes) {
  if (record.state === "waiting") return h("p", { class: "banner warn" }, t("Hitungan tersimpan di perangkat ini. Perbandingan dengan surat jalan menyusul setelah terkirim.", "The count is kept on this device. It is compared with the delivery note once it was sent."));
  if (record.state === "refused") return h("p", { class: "banner bad", role: "alert" }, reasonOf(record.problem, record, notes));
  if (!record.compared) return h("p", { class: "banner info" }, t("Hitungan tercatat. Perbandingan sedang diambil.", "The count is recorded. The comparison is being fetched."));
  if (record.compared.every((row) => row.open === 0)) return h("p", { class: "banner good" }, t("Hitungan cocok dengan surat jalan.", "The count agrees with the delivery note."));
  return h("p", { class: "banner bad" }, t("Ada selisih dengan surat jalan. Selisih ini terbuka sampai diselesaikan.", "The count differs from the delivery note. The difference stays open until it is settled."));
}

const figure = (thousand) => number(thousand / 1000);

function difference(open) {
  if (open === 0) return h("span", { class: "badge good" }, t("cocok", "agrees"));
  return h("span", { class: "badge bad" }, open > 0 ? t("kurang {n}", "{n} short", { n: figure(open) }) : t("lebih {n}", "{n} over", { n: figure(-open) }));
}

function table(record, notes) {
  const rows = record.compared ?? record.lines.map((line) => ({ ...line, good: line.good * 1000, damaged: line.damaged * 1000 }));
  const seen = Boolean(record.compared);
  const heads = [t("Barang", "Goods"), ...(seen ? [t("Dikirim", "Sent")] : []), t("Baik", "Good"), t("Rusak", "Damaged"), ...(seen ? [t("Selisih", "Difference")] : [])];
  const row = (one) => h("tr", { "data-lot": one.lot ?? "" },
    h("td", {}, h("span", { class: "strong" }, notes.named(one.sku)), " ", h("span", { class: "code small soft" }, one.lot ?? "–")),
    seen ? h("td", { class: "count" }, figure(one.sent)) : null, h("td", { class: "count" }, figure(one.good)), h("td", { class: "count" }, figure(one.damaged)),
    seen ? h("td", { class: "count" }, difference(one.open)) : null);
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("Hitungan", "The count") }, h("table", { class: "list" },
    h("thead", {}, h("tr", {}, heads.map((text, index) => h("th", { class: index ? "count" : null }, text)))), h("tbody", {}, rows.map(row))));
}

/** One receipt. */
export function resultView(receiving, record) {
  const { notes } = receiving;
  return h("div", { class: "page" },
    h("div", { class: "headline" }, h("h1", {}, t("Kiriman dari {from}", "Delivery from {from}", { from: record.from })), h("span", { class: "soft" }, `${moment(record.at)} · ${t("kasir", "cashier")} ${record.signed_by}`)),
    banner(record, notes),
    record.counts > 1 ? h("p", { class: "banner warn" }, t("Kiriman ini dihitung {n} kali; angka di bawah adalah jumlah semuanya.", "This delivery was counted {n} times; the figures below are all of them together.", { n: record.counts })) : null,
    h("section", { class: "card" }, table(record, notes)),
    h("div", { class: "actions" }, record.state === "refused" ? button(t("Perbaiki hitungan", "Mend the count"), () => receiving.mend(record.id), "primary big") : null,
      button(t("Ke daftar kiriman", "To the list"), () => receiving.list(), record.state === "refused" ? "quiet" : "primary big")));
}

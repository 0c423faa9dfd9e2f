// What is to be counted, what was counted lately, and which differences are open.
import { button, h } from "../shared/dom.js";
import { age, moment, number, t } from "../shared/words.js";
import { stateOf } from "./result.js";

/** The page on which receiving begins. */
export function listView(receiving) {
  const { notes, receipts, app } = receiving;
  const coming = notes.coming.filter((note) => !receipts.has(note.id));
  return h("div", { class: "page" },
    h("div", { class: "headline" }, h("h1", {}, t("Penerimaan barang", "Receiving")), h("span", { class: "soft" }, app.device.paired.outlet)),
    h("section", { class: "stack" }, h("h2", {}, t("Kiriman yang belum diterima", "On the way, not received")),
      coming.length ? h("div", { class: "columns" }, coming.map((note) => arrival(receiving, note))) : h("p", { class: "card empty" }, nothing(notes)),
      notes.at ? h("p", { class: "small soft" }, t("Daftar dari server: {when}", "List from the server: {when}", { when: moment(notes.at) })) : null),
    receipts.records.length ? h("section", { class: "card" }, h("h2", {}, t("Sudah dihitung", "Counted")), h("ul", { class: "plain" }, receipts.records.map((one) => counted(receiving, one)))) : null,
    h("section", { class: "card" }, h("h2", {}, t("Selisih terbuka", "Open differences")), 
      notes.differences.length ? differences(notes) : notes.at ? h("p", { class: "empty" }, t("Tidak ada selisih.", "There are no differences.")) : h("p", { class: "empty" }, "–")));
}

const nothing = (notes) => (notes.at ? t("Tidak ada kiriman di jalan.", "Nothing is on the way.") : t("Daftar kiriman belum termuat. Perlu jaringan sekali saja.", "The list is not loaded yet. This needs the network once."));

function arrival(receiving, note) {
  const begun = receiving.begun.has(note.id);
  return h("article", { class: "card", "data-note": note.id },
    h("div", { class: "row between" }, h("span", { class: "strong" }, t("Dari {from}", "From {from}", { from: note.from })), begun ? h("span", { class: "badge info" }, t("Sedang dihitung", "Being counted")) : null),
    h("span", { class: "soft" }, `${t("Dikirim", "Sent")} ${moment(note.dispatched_at)} · ${t("{n} lot", note.lines.length === 1 ? "{n} lot" : "{n} lots", { n: note.lines.length })}`),
    button(begun ? t("Lanjutkan menghitung", "Go on counting") : t("Hitung", "Count"), () => receiving.open(note), "primary big"));
}

function counted(receiving, record) {
  const [kind, text] = stateOf(record);
  return h("li", { class: "row between", "data-state": record.state },
    h("span", {}, h("span", { class: "strong" }, t("Dari {from}", "From {from}", { from: record.from })), h("span", { class: "soft" }, ` · ${moment(record.at)} · ${record.signed_by}`)),
    h("span", { class: "row" }, h("span", { class: `badge ${kind}` }, text), button(t("Lihat", "Show"), () => receiving.result(record.id), "quiet")));
}

function differences(notes) {
  const row = (one) => h("tr", {},
    h("td", {}, notes.named(one.sku), " ", h("span", { class: "code small soft" }, one.lot ?? "–")),
    ...["sent", "good", "damaged"].map((name) => h("td", { class: "count" }, number(one[name]))),
    h("td", { class: "count strong" }, one.open > 0 ? t("kurang {n}", "{n} short", { n: number(one.open) }) : t("lebih {n}", "{n} over", { n: number(-one.open) })),
    h("td", { class: "nowrap" }, age(one.since)), h("td", { class: "code" }, one.owner));
  const heads = [t("Barang", "Goods"), t("Dikirim", "Sent"), t("Baik", "Good"), t("Rusak", "Damaged"), t("Selisih", "Difference"), t("Sejak", "For"), t("Ditangani", "With")];
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("Selisih terbuka", "Open differences") }, h("table", { class: "list" },
    h("thead", {}, h("tr", {}, heads.map((text, index) => h("th", { class: index > 0 && index < 5 ? "count" : null }, text)))), h("tbody", {}, notes.differences.map(row))));
}

// Receipts of this register, newest first: look, print a copy, take goods back.
import { button, dialog, h } from "../shared/dom.js";
import { moment, rupiah, t } from "../shared/words.js";
import { receiptDialog, receiptNumber } from "./receipt.js";
import { refundDialog } from "./refund.js";

const MOST = 100;
const STATES = {
  unsent: () => ["warn", t("belum terkirim", "unsent")],
  refused: () => ["bad", t("ditolak", "refused")],
  quarantined: () => ["bad", t("perlu diperiksa", "to be looked at")],
  waiting: () => ["info", t("menunggu nota", "waits for its sale")],
  exceeds: () => ["bad", t("melebihi penjualan", "more than was sold")],
};

export async function historyDialog(app) {
  const [sales, returns] = await app.store.read(async (tx) => [await tx.records("sale"), await tx.records("return")]);
  const all = [...sales, ...returns].sort((one, other) => (one.at < other.at ? 1 : -1)).slice(0, MOST);
  const { register } = app.device.paired;
  const badge = (record) => {
    const [kind, text] = STATES[record.status]?.() ?? ["good", t("terkirim", "sent")];
    return h("span", { class: `badge ${kind}` }, text);
  };
  return dialog((close) => {
    const then = (act) => () => {
      close();
      act();
    };
    const rows = all.map((record) => (record.kind === "sale"
      ? h("tr", { "data-no": record.no }, h("td", { class: "code" }, receiptNumber(register, record.no)), h("td", { class: "nowrap" }, moment(record.at)),
        h("td", { class: "money" }, rupiah(record.sale.total)), h("td", {}, badge(record)),
        h("td", {}, h("div", { class: "row" }, button(t("Nota", "Receipt"), then(() => receiptDialog(app, record)), "quiet"),
          button(t("Kembali", "Return"), then(() => refundDialog(app, receiptNumber(register, record.no))), "quiet"))))
      : h("tr", {}, h("td", {}, t("Pengembalian", "Refund"), " ", h("span", { class: "code" }, record.receipt)), h("td", { class: "nowrap" }, moment(record.at)),
        h("td", { class: "money" }, rupiah(-record.body.refund.amount)), h("td", {}, badge(record)), h("td", {}))));
    return h("div", { class: "stack" }, h("div", { class: "row between" }, h("h2", {}, t("Nota kasir ini", "This register's receipts")), button(t("Tutup", "Close"), () => close(), "quiet", { autofocus: true })),
      rows.length ? h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "list" },
        h("thead", {}, h("tr", {}, [t("Nomor", "Number"), t("Waktu", "Time"), t("Jumlah", "Amount"), t("Keadaan", "State"), ""].map((text) => h("th", {}, text)))),
        h("tbody", {}, rows))) : h("p", { class: "empty" }, t("Belum ada nota.", "No receipts yet.")));
  }, { label: t("Nota kasir ini", "This register's receipts"), wide: true });
}

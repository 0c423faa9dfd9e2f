// Receipts of this register, newest first: look, print a copy, take goods back.
import { button, dialog, fill, h } from "../shared/dom.js";
import { moment, rupiah, t } from "../shared/words.js";
import { receiptDialog, receiptNumber } from "./receipt.js";
import { refundDialog } from "./refund.js";

const PAGE = 50;
const STATES = {
  unsent: () => ["warn", t("belum terkirim", "unsent")],
  refused: () => ["bad", t("ditolak", "refused")],
  quarantined: () => ["bad", t("perlu diperiksa", "to be looked at")],
  waiting: () => ["info", t("menunggu nota", "waits for its sale")],
  exceeds: () => ["bad", t("melebihi penjualan", "more than was sold")],
};

/**
 * One page, and where the next one begins (null: nowhere): the sales with the highest numbers below `from.no`, and the refunds of
 * the same time, which has no numbers.
 */
export function historyPage(store, from = { no: Infinity, at: "\uffff" }) {
  return store.read(async (tx) => {
    const sales = await tx.last("sale", "no", PAGE, [from.no - 1]);
    const more = sales.length === PAGE;
    const oldest = sales.at(-1);
    const since = more && oldest.at < from.at ? oldest.at : more ? from.at : "";
    const returns = since < from.at ? await tx.records("return", "at", since, from.at) : [];
    const page = [...sales, ...returns.filter((one) => one.at !== from.at)].sort((one, other) => (one.at < other.at ? 1 : -1));
    return [page, more ? { no: oldest.no, at: since } : null];
  });
}

function badge(record) {
  const [kind, text] = STATES[record.status]?.() ?? ["good", t("terkirim", "sent")];
  return h("span", { class: `badge ${kind}` }, text);
}

function saleRow(app, record, then) {
  const receipt = receiptNumber(app.device.paired.register, record.no);
  return h("tr", { "data-no": record.no }, h("td", { class: "code" }, receipt), h("td", { class: "nowrap" }, moment(record.at)),
    h("td", { class: "money" }, rupiah(record.sale.total)), h("td", {}, badge(record)),
    h("td", {}, h("div", { class: "row" }, button(t("Nota", "Receipt"), then(() => receiptDialog(app, record)), "quiet"),
      button(t("Kembali", "Return"), then(() => refundDialog(app, receipt)), "quiet"))));
}

const returnRow = (record) => h("tr", {}, h("td", {}, t("Pengembalian", "Refund"), " ", h("span", { class: "code" }, record.receipt)), h("td", { class: "nowrap" }, moment(record.at)),
  h("td", { class: "money" }, rupiah(-record.body.refund.amount)), h("td", {}, badge(record)), h("td", {}));

export async function historyDialog(app) {
  let [page, next] = await historyPage(app.store);
  return dialog((close) => {
    const then = (act) => () => {
      close();
      act();
    };
    const rows = () => page.map((record) => (record.kind === "sale" ? saleRow(app, record, then) : returnRow(record)));
    const body = h("tbody", {}, rows());
    const foot = h("div", { class: "row" });
    const older = async () => {
      [page, next] = await historyPage(app.store, next);
      body.append(...rows());
      tell();
    };
    const tell = () => fill(foot, next ? button(t("Lebih lama", "Older"), older, "quiet", { "data-older": true }) : null);
    tell();
    return h("div", { class: "stack" }, h("div", { class: "row between" }, h("h2", {}, t("Nota kasir ini", "This register's receipts")), button(t("Tutup", "Close"), () => close(), "quiet", { autofocus: true })),
      page.length ? h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "list" },
        h("thead", {}, h("tr", {}, [t("Nomor", "Number"), t("Waktu", "Time"), t("Jumlah", "Amount"), t("Keadaan", "State"), ""].map((text) => h("th", {}, text)))), body), foot)
        : h("p", { class: "empty" }, t("Belum ada nota.", "No receipts yet.")));
  }, { label: t("Nota kasir ini", "This register's receipts"), wide: true });
}

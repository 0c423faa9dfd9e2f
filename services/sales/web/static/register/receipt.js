// A receipt: outlet, number, lots, money; on the screen and on the roll. Printed again it says that it is a copy.
import { button, dialog, fill, h } from "../shared/dom.js";
import { moment, nameOf, number, rupiah, t } from "../shared/words.js";
import { KINDS } from "./pay.js";
import { WIDTHS, printOn, rollWidth } from "./printing.js";

/** "OUT-DKR-1-000042": what a refund asks for. */
export const receiptNumber = (register, no) => `${register}-${String(no).padStart(6, "0")}`;

/** The receipt as an element. */
export function receiptOf(app, record, { copy = false } = {}) {
  const { sale } = record;
  const { register, outlet, outlet_name: name } = app.device.paired;
  const row = (left, right, kind = "") => h("div", { class: `slip-row ${kind}` }, h("span", {}, left), h("span", {}, right));
  const change = (record.tendered ?? 0) - cashOf(sale);
  return h("article", { class: "slip" },
    h("header", {}, h("b", {}, name ?? outlet), h("span", {}, t("Produk warga binaan Lapas Kelas I Makassar", "Made in Makassar's Class I prison"))),
    copy ? h("p", { class: "copy" }, t("SALINAN · COPY", "COPY · SALINAN")) : null,
    row(t("Nota", "Receipt"), receiptNumber(register, record.no)), row(moment(record.at), record.cashier),
    h("hr"),
    sale.lines.map((line) => [
      h("div", { class: "slip-name" }, nameOf(record.names?.[line.sku]) || line.sku),
      row(`${number(line.quantity)} × ${rupiah(line.unit_price)}`, rupiah(line.amount + line.discount)),
      line.discount ? row(t("Potongan", "Discount"), `−${rupiah(line.discount)}`) : null,
      h("div", { class: "slip-lot" }, line.lot ? `${t("No. produksi", "Lot")} ${line.lot}` : t("tanpa nomor produksi", "no lot")),
    ]),
    h("hr"), row(t("TOTAL", "TOTAL"), rupiah(sale.total), "big"),
    sale.payments.map((one) => row(`${KINDS[one.kind]()}${one.reference ? ` ${one.reference}` : ""}`, rupiah(one.kind === "cash" ? one.amount + Math.max(0, change) : one.amount))),
    change > 0 ? row(t("Kembali", "Change"), rupiah(change)) : null,
    h("footer", {}, t("Terima kasih. Simpan nota untuk pengembalian.", "Thank you. Keep this receipt for returns.")));
}

const cashOf = (sale) => sale.payments.filter((one) => one.kind === "cash").reduce((sum, one) => sum + one.amount, 0);

/** Show a receipt, and print it. `fresh`: it has just been sold. */
export async function receiptDialog(app, record, { fresh = false } = {}) {
  const width = await rollWidth(app);
  return dialog((close) => {
    const paper = h("div", { class: "slip-place" });
    let printed = record.printed;
    const draw = () => fill(paper, receiptOf(app, record, { copy: printed > 0 }));
    const print = async () => {
      const slip = receiptOf(app, record, { copy: printed > 0 });
      printed += 1;
      await app.store.write(async (tx) => tx.put("records", { ...(await tx.get("records", ["sale", record.id])), printed }));
      await printOn(app, slip);
      draw();
    };
    draw();
    const roll = h("select", { class: "input short", "aria-label": t("Lebar kertas", "Paper width"), onchange: (event) => app.store.set("roll", Number(event.target.value)) },
      WIDTHS.map((one) => h("option", { value: one }, `${one} mm`)));
    roll.value = String(width);
    const change = (record.tendered ?? 0) - cashOf(record.sale);
    const keys = (event) => event.key.toLowerCase() === "p" && print();
    return h("div", { class: "stack receipt", onkeydown: keys },
      fresh && change > 0 ? h("p", { class: "change big", "data-change": change }, `${t("Kembali", "Change")} ${rupiah(change)}`) : null, paper,
      h("div", { class: "actions" }, roll, button([printed ? t("Cetak salinan", "Print a copy") : t("Cetak", "Print"), " ", h("kbd", {}, "P")], print, "", { "data-print": true }),
        button(fresh ? t("Penjualan berikut", "Next sale") : t("Tutup", "Close"), () => close(), "primary big", { autofocus: true, "data-next": true })));
  }, { label: t("Nota {no}", "Receipt {no}", { no: record.no }) });
}

// A shift ends: the drawer is counted by note and coin before anybody is told what should be in it.
import { button, confirm, dialog, fill, h } from "../shared/dom.js";
import { moment, number, rupiah, t } from "../shared/words.js";
import { closeShift } from "./desk.js";
import { NOTES } from "./money.js";
import { KINDS } from "./pay.js";
import { printOn } from "./printing.js";
import { receiptNumber } from "./receipt.js";

export async function closeDialog(app) {
  if (await app.store.get("cart").then((lines) => lines?.length)) {
    return confirm(t("Masih ada belanjaan. Bayar atau hapus dulu.", "There is still a basket. Pay or clear it first."), { yes: t("Mengerti", "I see"), no: t("Kembali", "Back") });
  }
  const closed = await dialog((close) => countForm(app, close), { label: t("Tutup kasir", "Close the shift"), wide: true });
  if (!closed) return undefined;
  await reportDialog(app, closed);
  return app.draw();
}

function countForm(app, close) {
  const total = h("b", { class: "sum", "data-counted": 0 }, rupiah(0));
  const inputs = new Map(NOTES.map((note) => [note, h("input", {
    class: "input number", inputmode: "numeric", autocomplete: "off", maxlength: "5", "aria-label": rupiah(note), "data-note": note, placeholder: "0",
  })]));
  const counts = () => Object.fromEntries([...inputs].map(([note, input]) => [note, Number(input.value.replace(/\D/g, ""))]).filter(([, count]) => count));
  const sum = () => Object.entries(counts()).reduce((all, [note, count]) => all + note * count, 0);
  const tell = () => {
    fill(total, rupiah(sum()));
    total.dataset.counted = sum();
  };
  inputs.get(NOTES[0]).setAttribute("autofocus", "");
  const take = async (event) => {
    event.preventDefault();
    const sure = await confirm(t("Uang di laci {sum}. Benar?", "{sum} in the drawer. Right?", { sum: rupiah(sum()) }),
      { yes: t("Tutup kasir", "Close the shift"), no: t("Hitung lagi", "Count again"), detail: t("Hitungan tidak dapat diubah sesudahnya.", "The count cannot be changed afterwards.") });
    if (sure) close(await closeShift(app, counts()));
  };
  return h("form", { onsubmit: take, oninput: tell },
    h("h2", {}, t("Hitung uang di laci", "Count the drawer")), h("p", { class: "soft" }, t("Berapa lembar atau keping dari tiap pecahan?", "How many of each note and coin?")),
    h("div", { class: "notes" }, [...inputs].map(([note, input]) => h("label", { class: "note" }, h("span", {}, rupiah(note)), input))),
    h("div", { class: "row between" }, h("span", {}, t("Jumlah", "Sum"), " ", total),
      h("div", { class: "row" }, button(t("Batal", "Cancel"), () => close(), "quiet"), h("button", { class: "button primary big", "data-close": true }, t("Selesai menghitung", "Done counting")))));
}

/** The report of a closed shift, as an element for screen and roll. */
function reportOf(app, shift) {
  const { sums, close } = shift;
  const row = (left, right, kind = "") => h("div", { class: `slip-row ${kind}` }, h("span", {}, left), h("span", {}, right));
  const { register, outlet, outlet_name: name } = app.device.paired;
  return h("article", { class: "slip" },
    h("header", {}, h("b", {}, name ?? outlet), h("span", {}, t("Laporan kasir", "Shift report"))),
    row(register, shift.cashier), row(t("Buka", "Opened"), moment(shift.opened_at)), row(t("Tutup", "Closed"), moment(close.at)), h("hr"),
    row(t("Nota", "Receipts"), number(sums.receipts)),
    sums.receipts ? row(t("Nomor", "Numbers"), `${sums.first} – ${sums.last}`) : null,
    Object.entries(sums.paid).map(([kind, amount]) => row(KINDS[kind](), rupiah(amount))),
    sums.discount ? row(t("Potongan", "Discounts"), rupiah(sums.discount)) : null,
    Object.entries(sums.refunded).map(([kind, amount]) => row(`${t("Pengembalian", "Refunds")} ${KINDS[kind]()}`, rupiah(-amount))), h("hr"),
    row(t("Modal awal", "Float"), rupiah(shift.opening_float)), row(t("Seharusnya", "Expected"), rupiah(close.expected)),
    Object.entries(close.notes).sort(([one], [other]) => other - one).map(([note, count]) => row(`  ${number(count)} × ${rupiah(Number(note))}`, rupiah(note * count))),
    row(t("Dihitung", "Counted"), rupiah(close.counted)), row(t("Selisih", "Difference"), rupiah(close.variance), "big"),
    h("footer", {}, close.by === "server" ? t("Sudah dicocokkan dengan server.", "Checked with the server.") : t("Menurut perangkat ini; server mencocokkan setelah terkirim.", "By this device; the server checks it once sent.")),
    h("div", { class: "signatures" }, h("span", {}, t("Kasir", "Cashier")), h("span", {}, t("Pengelola", "Manager"))));
}

const said = (variance) => (variance > 0
  ? t("Lebih {amount}. Sudah dicatat.", "{amount} over. It is recorded.", { amount: rupiah(variance) })
  : t("Kurang {amount}. Sudah dicatat.", "{amount} short. It is recorded.", { amount: rupiah(-variance) }));

async function reportDialog(app, shift) {
  const place = h("div", { class: "slip-place" });
  let current = shift;
  const look = async () => {
    current = (await app.store.read((tx) => tx.get("records", ["shift", shift.id]))) ?? shift;
    fill(place, reportOf(app, current));
  };
  app.outbox.addEventListener("change", look);
  fill(place, reportOf(app, current));
  const kind = shift.close.variance === 0 ? "good" : "warn";
  await dialog((close) => h("div", { class: "stack" },
    h("p", { class: `banner ${kind}`, role: "status", "data-variance": shift.close.variance }, shift.close.variance === 0 ? t("Pas: tidak ada selisih.", "Exact: no difference.") : said(shift.close.variance)),
    place, h("div", { class: "actions" }, button(t("Cetak", "Print"), () => printOn(app, reportOf(app, current)), "big", { "data-print": true }), button(t("Selesai", "Done"), () => close(), "primary big", { autofocus: true, "data-done": true }))),
  { label: t("Laporan kasir", "Shift report") });
  app.outbox.removeEventListener("change", look);
}

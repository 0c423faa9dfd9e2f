// Just paired: which number comes next? The server knows what it was sent; the paper in the shop knows what was sold with a
// device that was lost or erased since. Numbers go on after both, so that what is lost is a gap, and gaps are listed.
import { button, dialog, field, fill, h } from "../shared/dom.js";
import { number, t } from "../shared/words.js";
import { receiptNumber } from "./receipt.js";
import { parsed } from "./refund.js";
import { MOST, askServer, plausible } from "./sync.js";

const FAR = 200; // numbers ahead of what is known: typed twice

/** The highest number known: the server's, or this device's own; null when neither can be told. */
async function highest(app) {
  const [known, next] = await Promise.all([askServer(app).catch(() => null), app.store.get("next_no")]);
  if (!known && !next) return null;
  return Math.max(plausible(known?.last_no ?? 0), (next ?? 1) - 1);
}

export async function firstSteps(app) {
  const known = await highest(app);
  if (known === null) return noNetwork(app);
  return new LastReceipt(app, known).show();
}

function noNetwork(app) {
  fill(app.place, h("div", { class: "page narrow" }, h("div", { class: "card" },
    h("h1", {}, t("Mengambil nomor nota", "Fetching the receipt number")),
    h("p", { class: "soft" }, t("Perlu jaringan sekali saja, supaya nomor tidak ganda.", "This needs the network once, so that no number is given twice.")),
    button(t("Coba lagi", "Try again"), () => app.draw(), "primary big"))));
}

/** Refunds have no number and no paper: whether one was lost with a device, only people can tell. */
async function askRefunds() {
  const ask = (title, text, ...buttons) => dialog(
    (close) => h("div", { class: "stack" }, h("h2", {}, title), h("p", {}, text),
      h("div", { class: "actions" }, buttons.map(([word, kind, name, answer]) =>
        button(word, () => close(answer), kind, { autofocus: kind === "primary", "data-refunds": name })))),
    { fixed: true, label: t("Pengembalian uang", "Refunds") },
  );
  let lost;
  while (lost === undefined) { // a second Escape closes any dialog
    lost = await ask(
      t("Adakah pengembalian uang yang belum tentu terkirim?", "Is there a refund that may not have been sent?"),
      t(
        "Pengembalian yang dicatat di perangkat sebelumnya tanpa jaringan tidak punya nomor: "
          + "kalau hilang, tidak terlihat.",
        "Refunds that the previous device recorded without a network have no number: if one is lost, nobody notices.",
      ),
      [t("Tidak ada", "No"), "quiet", "none", false], [t("Ada", "Yes"), "primary", "some", true],
    );
  }
  if (!lost) return;
  await ask(
    t("Catat lagi setelah kasir dibuka", "Record them again once the shift is open"),
    t(
      "Tekan Retur (F8) dan ketik nomor notanya. Nota menunjukkan apa yang sudah kembali, "
        + "jadi tidak ada yang tercatat dua kali.",
      "Press Refund (F8) and type the receipt's number. The receipt shows what came back already, "
        + "so nothing is recorded twice.",
    ),
    [t("Mengerti", "I see"), "primary", "told", null],
  );
}

class LastReceipt {
  constructor(app, known) {
    Object.assign(this, { app, known, typed: null });
  }

  show() {
    const { register } = this.app.device.paired;
    this.input = h("input", { class: "input", name: "last-receipt", autocomplete: "off", spellcheck: "false", autocapitalize: "characters", maxlength: "60", placeholder: receiptNumber(register, 12) });
    this.told = h("p", { class: "banner warn", role: "alert", hidden: true });
    const take = (event) => {
      event.preventDefault();
      this.#take();
    };
    fill(this.app.place, h("div", { class: "page narrow" }, h("form", { class: "card", onsubmit: take, novalidate: true },
      h("h1", {}, t("Nota terakhir kasir ini", "This register's last receipt")),
      h("p", {}, t("Ambil nota kertas terakhir dari {register} dan ketik nomornya. Nomor berikutnya dilanjutkan dari situ, supaya tidak ada nomor ganda dan penjualan yang hilang terlihat.",
        "Take the last paper receipt of {register} and type its number. Numbers go on from there, so that none is given twice and lost sales are seen.", { register })),
      this.told, field(t("Nomor nota terakhir", "Number of the last receipt"), this.input),
      h("button", { class: "button primary big wide" }, t("Lanjutkan", "Go on")),
      button(t("Belum ada nota dari kasir ini", "No receipt was printed by this register"), () => this.#none(), "quiet wide", { "data-none": true }))));
    this.input.focus();
  }

  #say(text) {
    this.told.hidden = false;
    this.told.textContent = text;
    this.input.select();
  }

  #take() {
    const { register } = this.app.device.paired;
    const wanted = parsed(this.input.value, register);
    if (!wanted || wanted.no > MOST || wanted.no < 1) {
      const example = receiptNumber(register, 12);
      const wished = t("Ketik angka di nota", "Type the number on the receipt");
      return this.#say(`${wished}, ${t("misalnya {example}.", "for example {example}.", { example })}`);
    }
    if (wanted.register !== register) return this.#say(t("Nota itu dari kasir {other}. Cari nota dari {register}.", "That receipt is of register {other}. Look for one of {register}.", { other: wanted.register, register }));
    const near = wanted.no >= this.known && wanted.no <= this.known + FAR;
    if (near || wanted.no === this.typed) return this.#begin(wanted.no);
    this.typed = wanted.no;
    this.input.value = "";
    if (wanted.no < this.known) return this.#say(this.#older());
    return this.#say(t("Nomor itu jauh di depan: yang terakhir diketahui {known}. Periksa notanya dan ketik sekali lagi.", "That number is far ahead: the last one known is {known}. Look at the receipt and type it once more.", { known: number(this.known) }));
  }

  #older() {
    const known = number(this.known);
    return t(
      "Itu bukan nota terakhir: {known} sudah diterima server. Cari nota dengan nomor yang lebih besar. "
        + "Kalau memang tidak ada, ketik sekali lagi.",
      "That is not the last receipt: the server has {known} already. Look for one with a higher number. "
        + "If there is none, type it once more.",
      { known },
    );
  }

  /** No paper: then none was sold that the server has not got; where it has some, there must be paper. */
  #none() {
    if (!this.known || this.sure) return this.#begin(0);
    this.sure = true;
    return this.#say(t("Kasir ini sudah pernah menjual: nomor terakhir yang diketahui {known}. Cari nota kertasnya. Kalau memang tidak ada, sentuh lagi tombol di bawah.",
      "This register has sold before: the last number known is {known}. Look for its paper receipts. If there are none, press the button below again.", { known: number(this.known) }));
  }

  async #begin(last) {
    const { store, device } = this.app;
    if (last || this.known) await askRefunds();
    await store.set("next_no", Math.max(last, this.known) + 1);
    await device.keep({ fresh: false });
    this.app.draw();
    this.app.inStep();
  }
}

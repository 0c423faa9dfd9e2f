// A device that nobody knows yet asks for the operator's code.
import { button, field, fill, h, toast } from "./dom.js";
import { codeOf, homeName, unsentElsewhere } from "./homes.js";
import { t } from "./words.js";

const SAID = {
  unknown: () => t("Kode salah, sudah dipakai, atau kedaluwarsa. Minta kode baru.", "This code is wrong, was used, or has expired. Ask for a new one."),
  many: () => t("Terlalu banyak percobaan. Tunggu satu menit.", "Too many tries. Wait a minute."),
  later: () =>
    t(
      "Server belum dapat menjawab; kode tetap berlaku. Coba lagi sebentar lagi.",
      "The server cannot answer just now; the code stays good. Try again in a moment.",
    ),
  offline: () => t("Tidak ada jaringan. Memasangkan perangkat perlu jaringan sekali saja.", "No network. Pairing needs it, once."),
};

/** Ask for a code; after a pairing `screen.paired` and the screen itself. */
export function pairingView(app) {
  const { device, screen } = app;
  if (screen.lent) return borrowedView(app);
  const code = h("input", {
    class: "input code", name: "code", required: true, autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    maxlength: "20", placeholder: "ABCDE-FGHJK", autofocus: true,
  });
  const told = h("p", { class: "banner bad", role: "alert", hidden: true });
  const press = h("button", { class: "button primary big wide" }, t("Pasangkan", "Pair"));
  const send = async (event) => {
    event.preventDefault();
    press.disabled = told.hidden = true; // what was said of the code before is not said of this one
    const problem = await device.pair(code.value, (said) => unfit(app, said));
    press.disabled = false;
    if (problem) {
      told.hidden = false;
      told.textContent = SAID[problem]?.() ?? problem;
      return code.select();
    }
    if ((await homeName(app.base, device.paired)) !== app.store.name) return location.reload(); // its own facts are kept elsewhere
    await screen.paired?.(app);
    app.outbox.retry();
    toast(t("Perangkat sudah terpasang", "This device is paired"));
    app.draw();
  };
  fill(app.place, h("div", { class: "page narrow" }, h("form", { class: "card", onsubmit: send },
    h("h1", {}, t("Pasangkan perangkat ini", "Pair this device")),
    h("p", { class: "soft" }, t("Minta kode kepada operator. Kode berlaku 15 menit dan hanya sekali.", "Ask the operator for a code. It works once, within 15 minutes.")),
    told, field(t("Kode", "Code"), code), press)));
  code.focus();
}

/** Why a token does not fit here: its role, or facts of another register that are still unsent. */
async function unfit({ screen, device, outbox }, said) {
  if (said.role !== screen.role) return t("Kode ini untuk perangkat lain ({role}).", "This code is for another device ({role}).", said);
  const known = device.paired;
  // Its own facts go with it to another outlet, for the server knows where it stood when; goods are received at one outlet.
  const same = !known || codeOf(known) === codeOf(said);
  const stays = !known || (same && (known.outlet ?? null) === (said.outlet ?? null));
  const unsent = (same ? 0 : outbox.state.unsent) + (stays ? 0 : await unsentElsewhere(screen.others, known));
  if (!unsent) return null;
  return t("Masih ada {n} catatan {from} yang belum terkirim; perangkat ini belum dapat menjadi {to}. Pasangkan lagi sebagai {from} sampai semua terkirim, atau simpan catatannya ke berkas.",
    "{n} records of {from} are still unsent; this device cannot become {to} yet. Pair it as {from} until all is sent, or save the records to a file.",
    { n: unsent, from: placeOf(known), to: placeOf(said) });
}

const placeOf = (paired) => [paired.outlet, codeOf(paired)].filter(Boolean).join(" · ");

function borrowedView(app) {
  fill(app.place, h("div", { class: "page narrow" }, h("div", { class: "card" },
    h("h1", {}, t("Perangkat ini belum terpasang", "This device is not paired")),
    h("p", {}, t("Pasangkan dulu sebagai kasir.", "Pair it as a register first.")),
    h("a", { class: "button primary big", href: app.screen.door }, t("Ke halaman kasir", "To the register")),
    button(t("Coba lagi", "Try again"), () => location.reload(), "quiet"))));
}

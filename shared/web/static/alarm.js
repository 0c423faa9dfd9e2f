// The device cannot save. Nobody may go on as if it could: the alarm lies over everything, says what to do, and shows
// what would be lost, to be written on paper. It goes away by itself when all of that is saved.
import { button, fill, h, refocus } from "./dom.js";
import { number, t } from "./words.js";

const REASONS = {
  QuotaExceededError: () => t("Penyimpanan perangkat ini penuh.", "This device's storage is full."),
  VersionError: () =>
    t("Halaman ini lebih lama daripada datanya. Muat ulang.", "This page is older than its data. Load it again."),
};
const other = () => t("Penyimpanan perangkat ini tidak menjawab.", "This device's storage does not answer.");

export class Alarm {
  /** `onScreen()`: what a person has before them that is not saved, as text. */
  constructor(onScreen) {
    Object.assign(this, { onScreen, troubles: new Set(), lost: null });
    this.box = h("dialog", {
      class: "alarm wide",
      role: "alertdialog",
      oncancel: (event) => event.preventDefault(),
      onclose: () => this.#draw(),
    });
  }

  failing(trouble) {
    this.troubles.add(trouble);
    this.#draw();
  }

  working(trouble) {
    if (this.troubles.delete(trouble)) this.#draw();
  }

  /** The storage was emptied: what was in it is lost, and so is who this device was. */
  emptied() {
    this.lost ??= this.unsent?.() ?? 0;
    this.#draw();
  }

  #draw() {
    if (!this.troubles.size && this.lost === null) return this.#away();
    const text = this.#unsaved();
    const said = JSON.stringify([this.lost, [...this.troubles][0]?.error?.name, text]);
    if (this.box.open && said === this.said) return undefined; // what is selected to be copied stays selected
    this.said = said;
    const label =
      this.lost === null
        ? t("Tidak dapat menyimpan", "Cannot save")
        : t("Data perangkat ini terhapus", "This device's data was erased");
    this.box.setAttribute("aria-label", label);
    fill(
      this.box,
      h(
        "div",
        { class: "stack" },
        h("h2", {}, label),
        this.lost === null ? this.#failure() : this.#loss(),
        this.#shown(text),
      ),
    );
    if (!this.box.isConnected) document.body.append(this.box);
    if (this.box.open) return this.box.querySelector("[autofocus]")?.focus();
    this.before = document.activeElement;
    return this.box.showModal();
  }

  #away() {
    if (this.box.open) return this.box.close(); // and from there to here again
    this.box.remove();
    return refocus(this.before);
  }

  #failure() {
    const [first] = this.troubles;
    const again = () => this.troubles.forEach((trouble) => trouble.again());
    return [
      h(
        "p",
        { class: "banner bad", role: "alert" },
        t(
          "Tulis di kertas apa yang terlihat di bawah ini. Jangan lanjutkan di perangkat ini sampai peringatan ini hilang.",
          "Write on paper what you see below. Do not go on with this device until this warning is gone.",
        ),
      ),
      h(
        "p",
        {},
        (REASONS[first.error?.name] ?? other)(),
        " ",
        t("Dicoba terus; jangan tutup halaman ini.", "It keeps trying; do not close this page."),
      ),
      h(
        "div",
        { class: "actions" },
        button(t("Muat ulang halaman", "Load the page again"), () => location.reload(), "quiet"),
        button(t("Coba sekarang", "Try now"), again, "primary big", { autofocus: true }),
      ), // a scanner's Enter must not load anything
    ];
  }

  #loss() {
    return [
      h(
        "p",
        { class: "banner bad", role: "alert" },
        t(
          "Seseorang atau peramban menghapus data halaman ini. Perangkat harus dipasangkan lagi sebelum dipakai.",
          "Somebody, or the browser, erased this page's data. The device must be paired again before it is used.",
        ),
      ),
      this.lost
        ? h(
            "p",
            { class: "strong" },
            t(
              "{n} catatan belum terkirim dan hilang dari perangkat ini. Kumpulkan nota kertasnya dan beri tahu operator.",
              "{n} records were not sent yet and are lost from this device. Collect their paper receipts and tell the operator.",
              { n: number(this.lost) },
            ),
          )
        : null,
      h(
        "div",
        { class: "actions" },
        button(t("Pasangkan lagi", "Pair again"), () => location.reload(), "primary big"),
      ),
    ];
  }

  #unsaved() {
    const texts = [...this.troubles].map((trouble) => trouble.about?.()).filter(Boolean);
    return texts.length ? [...new Set(texts)].join("\n\n") : this.onScreen();
  }

  #shown(text) {
    return text
      ? h(
          "pre",
          {
            class: "unsaved",
            tabindex: "0",
            autofocus: this.lost !== null,
            "aria-label": t("Belum tersimpan", "Not saved"),
          },
          text,
        )
      : null;
  }
}

// The bar of an offline screen: what it is, what is unsent and since when, the network, the clock, the language.
import { button, fill, h } from "./dom.js";
import { statusDialog } from "./status.js";
import { age, lang, speak, t } from "./words.js";

const DRIFT = 120; // s; from here on the server corrects the times of sales

export class Frame {
  constructor(place, app) {
    this.app = app;
    this.bar = h("header", { class: "bar no-print" });
    this.status = h("button", { type: "button", class: "badge state", onclick: () => statusDialog(app) });
    this.main = h("main", { id: "main" });
    fill(place, this.bar, this.main);
    app.outbox.addEventListener("change", () => this.tell());
    for (const name of ["online", "offline"]) addEventListener(name, () => this.tell());
    setInterval(() => this.tell(), 20_000);
  }

  draw() {
    const { screen, device } = this.app;
    const other = lang() === "en" ? "id" : "en";
    const change = () => {
      speak(other);
      this.app.draw();
    };
    const where = device.paired?.register ?? device.paired?.workshop ?? "";
    fill(
      this.bar,
      h("span", { class: "brand" }, "Lapak"),
      h("span", { class: "where code" }, where),
      h(
        "nav",
        { "aria-label": t("Menu utama", "Main menu") },
        screen.menu && device.paired ? screen.menu(this.app) : [],
      ),
      this.news ? button(t("Versi baru: mulai", "New version: start"), () => this.news(), "quiet") : null,
      this.status,
      button(other === "en" ? "English" : "Indonesia", change, "link", { lang: other }),
    );
    this.tell();
  }

  /** A new version waits: take it at once when nobody is busy, else show the button. */
  offerNew(swap) {
    this.news = swap;
    const tryNow = () => this.app.screen.idle?.() && swap();
    this.draw();
    tryNow();
    setInterval(tryNow, 15_000);
  }

  tell() {
    const { unsent, oldest, refused, again, trouble, drift } = this.app.outbox.state;
    const { behind } = this.app.device.clock;
    const away = trouble === "offline" || !navigator.onLine;
    const parts = [];
    if (trouble === "revoked") parts.push(t("Perangkat dicabut", "Device revoked"));
    else if (away) parts.push(t("Tanpa jaringan", "No network"));
    else if (trouble) parts.push(t("Server belum menjawab", "Server does not answer"));
    if (again)
      parts.push(t("{n} dikirim ulang: server dipulihkan", "{n} sent again: the server was restored", { n: unsent }));
    else if (unsent) parts.push(t("{n} belum terkirim · {age}", "{n} unsent · {age}", { n: unsent, age: age(oldest) }));
    const code = this.app.left.join(", ");
    if (code) parts.push(t("Catatan {code} belum dikirim ulang", "{code} is still to be sent again", { code }));
    if (refused) parts.push(t("{n} ditolak", "{n} refused", { n: refused }));
    if (behind) parts.push(t("Jam perangkat salah: terlambat", "This device's clock is wrong: behind"));
    else if (Math.abs(drift ?? 0) > DRIFT)
      parts.push(t("Jam meleset {n} menit", "Clock off by {n} min", { n: Math.round(drift / 60) }));
    const bad = refused || trouble === "revoked";
    this.status.className = `badge state ${bad ? "bad" : parts.length ? "warn" : "good"}`;
    this.status.dataset.unsent = unsent;
    this.status.textContent = parts.join(" · ") || t("Semua terkirim", "All sent");
  }
}

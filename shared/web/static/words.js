// Indonesian by default, English by a switch; figures and times as each writes them.
// A text stands in both languages where it is used, t("Simpan", "Save"): nobody changes one and forgets the other.

const COOKIE = "lapak-lang"; // the pages that the server makes read the same one
const ZONE = "Asia/Makassar";

/** @returns {"id"|"en"} the language of the screen */
export function lang() {
  return /(?:^|;\s*)lapak-lang=en/.test(document.cookie) ? "en" : "id";
}

/** Change the language; who calls it draws the screen anew. */
export function speak(language) {
  const year = 365 * 86400;
  document.cookie = `${COOKIE}=${language}; Path=/; Max-Age=${year}; SameSite=Lax`;
  document.documentElement.lang = language;
}

/** The text in the language of the screen; {name} stands for a value. */
export function t(id, en, values = {}) {
  return (lang() === "en" ? en : id).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A name that is kept in both languages: {id, en}. */
export const nameOf = (names) => names?.[lang()] ?? names?.id ?? "";

const locale = () => (lang() === "en" ? "en-GB" : "id-ID");

/** A quantity or count, at most 3 decimals. */
export const number = (value) => new Intl.NumberFormat(locale(), { maximumFractionDigits: 3 }).format(value);

/** Integer rupiah: "Rp 12.500". */
export const rupiah = (value) => `${value < 0 ? "−" : ""}Rp\u00a0${number(Math.abs(value))}`;

const shown = (value, options) => new Intl.DateTimeFormat(locale(), { timeZone: ZONE, ...options }).format(new Date(value));

/** "24 Nov 2026" */
export const day = (value) => shown(value, { day: "numeric", month: "short", year: "numeric" });

/** "14.05" */
export const hour = (value) => shown(value, { hour: "2-digit", minute: "2-digit", hour12: false });

/** Day and time of day. */
export const moment = (value) => `${day(value)}, ${hour(value)}`;

/** The business day of an instant in Makassar: "2026-11-24". */
export const businessDay = (value = Date.now()) =>
  new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(value));

/** How long since: "3 jam", in the coarsest unit that says something. */
export function age(since, now = Date.now()) {
  const minutes = Math.max(0, Math.floor((now - new Date(since)) / 60000));
  if (minutes < 1) return t("baru saja", "just now");
  if (minutes < 60) return t("{n} menit", "{n} min", { n: minutes });
  if (minutes < 48 * 60) return t("{n} jam", "{n} h", { n: Math.floor(minutes / 60) });
  return t("{n} hari", "{n} days", { n: Math.floor(minutes / 1440) });
}

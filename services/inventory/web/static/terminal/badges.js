// A badge is a random reference and nothing else. It is never shown whole: its end tells its owner that it is the right one.
import { t } from "../shared/words.js";

const BADGE = /^w[0-9a-z]{7,15}$/;

/** The reference on a badge, also from a scanner that is set to capitals; null when it is none. */
export function badgeOf(text) {
  const reference = text.trim().toLowerCase();
  return BADGE.test(reference) ? reference : null;
}

/** "•••k3f" */
export const ending = (reference) => `•••${reference.slice(-3)}`;

/** Why what was scanned will not do. */
export const noBadge = (text) => t("“{text}” bukan kartu pembuat. Pindai kartu pembuat.", "“{text}” is no maker's badge. Scan a maker's badge.", { text: text.length > 24 ? `${text.slice(0, 24)}…` : text });

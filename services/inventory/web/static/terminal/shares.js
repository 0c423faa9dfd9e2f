// Who made how much of it: basis points, 10,000 in all, to the last one.

export const WHOLE = 10_000;

/** `n` equal shares; what does not divide goes to the first ones, one point each. */
export function equal(n, whole = WHOLE) {
  const least = Math.floor(whole / n);
  return Array.from({ length: n }, (_, index) => least + (index < whole - least * n ? 1 : 0));
}

/** Basis points of what was typed in percent ("33,33") or points ("3333"); null when it is neither. */
export function pointsOf(text, unit) {
  const typed = text.trim();
  if (unit === "points") return /^\d{1,5}$/.test(typed) ? Number(typed) : null;
  const parts = typed.match(/^(\d{1,3})(?:[.,](\d{1,2}))?$/);
  return parts ? Number(parts[1]) * 100 + Number((parts[2] ?? "").padEnd(2, "0")) : null;
}

/** Basis points as one types them. */
export function textOf(points, unit) {
  return unit === "points" ? String(points) : String(points / 100).replace(".", ",");
}

/**
 * Shares as typed. @returns {{shares: number[]|null, left: number, wrong: number[]}} `shares` once they are whole;
 * `left` is what is missing (below nought: too much); `wrong` are the places of what is no share
 */
export function typedShares(texts, unit) {
  const points = texts.map((text) => pointsOf(text, unit));
  const wrong = points.flatMap((value, index) => (value === null || value < 1 || value > WHOLE ? [index] : []));
  const left = WHOLE - points.reduce((sum, value) => sum + (value ?? 0), 0);
  return { shares: left === 0 && !wrong.length ? points : null, left, wrong };
}

/** The same, with what is missing divided equally among the empty ones. */
export function restShared(texts, unit) {
  const empty = texts.flatMap((text, index) => (text.trim() ? [] : [index]));
  const { left } = typedShares(texts, unit);
  if (!empty.length || left < empty.length) return texts;
  const parts = equal(empty.length, left);
  return texts.map((text, index) => (empty.includes(index) ? textOf(parts[empty.indexOf(index)], unit) : text));
}

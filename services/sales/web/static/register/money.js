// Integer rupiah and quantities of at most three decimals, exactly: no fraction of a float ever touches an amount.

const milli = (quantity) => BigInt(Math.round(quantity * 1000));

/** quantity × price, half up to the rupiah. */
export const priceOf = (quantity, price) => Number((milli(quantity) * BigInt(price) + 500n) / 1000n);

/** What a line costs. */
export const amountOf = (line) => priceOf(line.quantity, line.unit_price) - line.discount;

export const totalOf = (lines) => lines.reduce((sum, line) => sum + amountOf(line), 0);

/** The part of `amount` that `some` of `all` units make, half up. */
export const partOf = (amount, some, all) => Number((BigInt(amount) * milli(some) * 2n + milli(all)) / (milli(all) * 2n));

/** The most that may be taken off a line: `percent` of its price, in whole rupiah. */
export const discountLimit = (line, percent) => Math.floor((priceOf(line.quantity, line.unit_price) * percent) / 100);

export const sumOfQuantities = (quantities) => Number(quantities.reduce((sum, one) => sum + milli(one), 0n)) / 1000;

/** Notes and coins in use, largest first. */
export const NOTES = [100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100];

/** What people hand over for an amount: exact, then rounded up to each larger note. */
export function quickAmounts(amount, most = 5) {
  const rounded = [1_000, 5_000, 10_000, 20_000, 50_000, 100_000].map((note) => Math.ceil(amount / note) * note);
  return [...new Set([amount, ...rounded])].sort((a, b) => a - b).slice(0, most);
}

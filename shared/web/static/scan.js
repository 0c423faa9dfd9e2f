// A scanner types: quickly, and Enter at the end. What it reads is a lot's number, the address of its page, or a code.

const AGAIN_WITHIN = 1000; // ms; who holds the trigger too long scans the same thing twice

/** What was scanned, without the address around it: the lot of …/inventory/p/AB12CD34EF, else the text itself. */
export function scanned(text) {
  const line = text.trim();
  const page = line.match(/\/p\/([0-9A-Za-z]+)\/?(?:[?#].*)?$/);
  return (page ? page[1] : line).toUpperCase();
}

/** Tells a second identical scan within a moment from a wanted one. */
export class Twice {
  last = { code: null, at: -Infinity };

  /** Whether this same code came just before. */
  is(code, now = performance.now()) {
    const twice = code === this.last.code && now - this.last.at < AGAIN_WITHIN;
    this.last = { code, at: now };
    return twice;
  }
}

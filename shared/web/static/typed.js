// What is typed without a field to type it into: figures by hand, and codes by a scanner, which types quickly and ends
// with Enter. What begins with a letter is a code however slowly it comes; figures turn out to be one by their haste.

const QUICK = 100; // ms between two keys of a scanner, and no hand's
const LEAST = 6; // characters of a code that is all figures
const STALE = 5000; // ms after which what was begun to be spelt is forgotten
const LINE_END = 50; // ms within which a second Enter is a scanner's: some send two

/**
 * `heard`: {figure(key), erase(), code(text), enter(), escape(), spelt(text), save(), restore(saved)}.
 * A figure counts at once; when it turns out to belong to a code, what `save()` gave before is restored.
 * `erase`, `enter` and `escape` answer whether they had a use for the key.
 */
export class Typed {
  constructor(heard) {
    this.heard = heard;
    this.ended = -Infinity;
    this.#forget();
  }

  /** @returns {boolean} whether the key was of use; `at` in ms */
  key(name, at) {
    const quick = at - this.at < QUICK;
    if (this.spelling ? at - this.at > STALE : !quick && name !== "Enter") this.#forget();
    if (name === "Enter") return this.#enter(at, quick);
    if (name === "Escape") return this.spelling ? this.#forget() : this.heard.escape();
    if (name === "Backspace") return this.#erase();
    if (name.length !== 1 || (name === " " && !this.text)) return false;
    this.at = at;
    if (!this.text) this.saved = this.heard.save();
    this.text += name;
    if (!this.spelling && /[0-9.,]/.test(name)) this.heard.figure(name);
    else this.#spell();
    return true;
  }

  #spell() {
    if (!this.spelling) this.heard.restore(this.saved);
    this.spelling = true;
    this.heard.spelt(this.text);
  }

  #erase() {
    if (!this.spelling) {
      this.#forget();
      return this.heard.erase();
    }
    this.text = this.text.slice(0, -1);
    if (!this.text) return this.#forget();
    this.heard.spelt(this.text);
    return true;
  }

  #enter(at, quick) {
    const { text, spelling, saved } = this;
    const code = spelling || (text.length >= LEAST && quick);
    this.#forget();
    if (code) {
      if (!spelling) this.heard.restore(saved);
      this.ended = at;
      this.heard.code(text);
      return true;
    }
    return at - this.ended < LINE_END || this.heard.enter();
  }

  #forget() {
    const told = this.spelling;
    Object.assign(this, { text: "", spelling: false, at: -Infinity, saved: null });
    if (told) this.heard.spelt("");
    return true;
  }
}

const FIELDS = "input:not([readonly]), textarea, select";

/** Give all keys to `typed`, except those of a field, of a dialog, and of the browser; none while `deaf()`. */
export function listen(typed, deaf) {
  const heard = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || deaf()) return;
    if (event.target.closest?.(FIELDS) || document.querySelector("dialog[open]")) return;
    if (!typed.key(event.key, event.timeStamp)) return;
    event.preventDefault(); // or Enter would press the button that happens to have the focus
    event.stopPropagation();
  };
  document.addEventListener("keydown", heard, true);
}

/** Whether Enter or Space is meant for a button or link that was reached by keyboard. */
export const onButton = () => Boolean(document.activeElement?.closest("button, a, summary"));

// Elements made by hand. Text is text: nothing here, or anywhere in the screens, turns a string into markup.
import { t } from "./words.js";

/**
 * An element. Attributes: `onclick: f` listens; `true` is an empty attribute, `false` and null none; `value`, `checked`
 * and `disabled` are properties. Children: elements, strings, lists of them, null.
 */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Put these in the place of all that is in `place`. */
export function fill(place, ...children) {
  place.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return place;
}

/** A button; kind: primary, quiet, danger, big … */
export const button = (text, onclick, kind = "", attributes = {}) =>
  h("button", { type: "button", class: `button ${kind}`, onclick, ...attributes }, text);

/** A labelled field. `input` is the element; hint and error are said to screen readers too. */
export function field(label, input, { hint = "", error = "" } = {}) {
  const id = input.id || `f${crypto.randomUUID().slice(0, 8)}`;
  input.id = id;
  if (hint || error) input.setAttribute("aria-describedby", `${id}-about`);
  if (error) input.setAttribute("aria-invalid", "true");
  const about = hint || error ? h("span", { id: `${id}-about`, class: error ? "error" : "hint" }, error || hint) : null;
  return h("div", { class: "field" }, h("label", { for: id }, label), input, about);
}

/**
 * Focus an element so that it takes what is typed next. A field that a closing dialog gave the focus back to hears the
 * keys and takes none of them until its selection is set (Chromium).
 */
export function refocus(element) {
  element?.focus?.();
  if (element?.selectionStart !== undefined && element.selectionStart !== null) {
    element.setSelectionRange(element.value.length, element.value.length);
  }
}

/**
 * A dialog over the screen, closed by Esc or by `close(value)`. `build(close)` gives its content, an element or a list.
 * @returns {Promise} what it was closed with; undefined after Esc
 */
export function dialog(build, { label = "", wide = false, fixed = false } = {}) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const box = h("dialog", { "aria-label": label, class: wide ? "wide" : null });
    let answer;
    const close = (value) => {
      answer = value;
      box.close();
      refocus(before);
    };
    box.addEventListener("cancel", (event) => fixed && event.preventDefault());
    box.addEventListener("close", () => {
      box.remove();
      refocus(before);
      resolve(answer);
    });
    fill(box, build(close));
    document.body.append(box);
    box.showModal();
    const first = box.querySelector("[autofocus]") ?? box.querySelector("input, button");
    first?.focus();
    first?.select?.(); // what is typed replaces what stands there
  });
}

/** Ask yes or no. */
export function confirm(question, { yes = t("Ya", "Yes"), no = t("Tidak", "No"), detail = "", danger = false } = {}) {
  const body = (close) => [
    h("div", { class: "stack" },
      h("h2", {}, question), detail ? h("p", { class: "soft" }, detail) : null,
      h("div", { class: "actions" },
        button(no, () => close(false), "quiet", { autofocus: danger }), // a scanner's Enter must not destroy anything
        button(yes, () => close(true), danger ? "danger" : "primary", { autofocus: !danger }))),
  ];
  return dialog(body, { label: question }).then(Boolean);
}

/** Say something for a moment, also to screen readers. */
export function toast(text, kind = "") {
  let place = document.querySelector(".toasts");
  if (!place) document.body.append((place = h("div", { class: "toasts", role: "status", "aria-live": "polite", popover: "manual" })));
  if (place.matches(":popover-open")) place.hidePopover();
  place.showPopover(); // above a dialog that is open
  const said = h("div", { class: `toast ${kind}` }, text);
  place.append(said);
  setTimeout(() => said.remove(), kind === "bad" ? 7000 : 3500);
}

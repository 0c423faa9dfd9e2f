// Paper: a roll of 58 or 80 mm. The page is made exactly as long as what is on it, so that the roll stops there.
import { h } from "../shared/dom.js";

const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
const MM_PER_PX = 25.4 / 96;

export const WIDTHS = [58, 80];

/** The width of this device's roll in mm. */
export const rollWidth = async (app) => (await app.store.get("roll")) ?? 58;

/** Print an element on the roll; only it, and all of it. */
export async function printOn(app, content) {
  const width = await rollWidth(app);
  document.querySelector(".paper")?.remove();
  const paper = h("div", { class: `paper roll${width}` }, content.cloneNode(true));
  document.body.append(paper);
  paper.classList.add("measured");
  const height = Math.ceil(paper.getBoundingClientRect().height * MM_PER_PX) + 8;
  paper.classList.remove("measured");
  sheet.replaceSync(`@page { size: ${width}mm ${Math.max(height, width)}mm; margin: 2mm }`);
  window.print();
}

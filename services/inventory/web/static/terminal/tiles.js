// The workshop's products as large tiles; the first nine also by their number.
import { h } from "../shared/dom.js";
import { key } from "../shared/keypad.js";
import { nameOf, t } from "../shared/words.js";
import { iconOf } from "./products.js";

const BY_NUMBER = 9;

/** One tile per product; `choose(product)`. Arrow keys move between them. */
export function tiles(products, choose) {
  const made = products.map((product, index) => {
    const tile = key([
      h("img", { src: iconOf(product.category), alt: "" }),
      h("span", { class: "name" }, nameOf(product.name)),
      h("span", { class: "small soft row between" }, h("span", {}, product.unit), index < BY_NUMBER ? h("kbd", { "aria-hidden": "true" }, index + 1) : null),
    ], () => choose(product), "", { "data-sku": product.sku });
    tile.className = "tile";
    return tile;
  });
  return h("div", { class: "tiles products", role: "group", "aria-label": t("Produk bengkel ini", "Products of this workshop"), onkeydown: (event) => arrows(event, made) }, made);
}

function arrows(event, made) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = made.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  made[(at + step + made.length) % made.length].focus();
}

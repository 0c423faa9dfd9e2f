// Paired, but the server could not be asked yet which number comes next: the one thing that needs network once.
import { button, fill, h } from "../shared/dom.js";
import { t } from "../shared/words.js";
import { learnNumber } from "./sync.js";

export function firstSteps(app) {
  const again = async () => {
    await learnNumber(app).catch(() => null);
    app.draw();
  };
  fill(app.place, h("div", { class: "page narrow" }, h("div", { class: "card" },
    h("h1", {}, t("Mengambil nomor nota", "Fetching the receipt number")),
    h("p", { class: "soft" }, t("Perlu jaringan sekali saja, supaya nomor tidak ganda.", "This needs the network once, so that no number is given twice.")),
    button(t("Coba lagi", "Try again"), again, "primary big"))));
}

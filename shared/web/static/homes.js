// Where the facts of a register (or of a workshop's terminal) are kept: each has a database of its own on the device, so
// that nothing of one is ever seen, counted or numbered under another. The first keeps its facts where the device keeps
// who it is.
import { Store } from "./store.js";

/** The code that facts are kept by. */
export const codeOf = (paired) => paired?.register ?? paired?.workshop ?? null;

const UNKNOWN = ""; // whoever used the device before it was noted who

/** The name of the database of what a device is paired as; decided once. `base`: the device's own. */
export async function homeName(base, paired) {
  const code = codeOf(paired);
  const known = code ? (await base.get("homes"))?.[code] : base.name;
  return (
    known ??
    base.write(async (tx) => {
      const homes = (await tx.get("kv", "homes")) ?? {};
      if (homes[code]) return homes[code];
      if (!Object.keys(homes).length) homes[await owner(tx, code)] = base.name;
      homes[code] ??= `${base.name}:${code}`;
      await tx.put("kv", homes, "homes");
      return homes[code];
    })
  );
}

/** Whose facts lie in the device's own database. */
async function owner(tx, code) {
  const before = codeOf(await tx.get("kv", "device"));
  if (before) return before;
  return (await tx.count("records")) ? UNKNOWN : code;
}

/** The database of what the device is paired as. */
export async function home(base, paired, guard) {
  const name = await homeName(base, paired);
  return name === base.name ? base : Store.open(name, guard);
}

/** How much the server lacks of what the same register keeps for other screens. */
export async function unsentElsewhere(names, paired) {
  let found = 0;
  for (const name of names ?? []) {
    const other = await Store.open(name);
    const kept = await home(other, paired, null);
    found += await kept.read(async (tx) => (await tx.count("outbox")) + ((await tx.get("kv", "again"))?.left ?? 0));
    kept.close();
    other.close();
  }
  return found;
}

/** What else the device was, whose facts last went to another epoch than this one: they go once it is that again. */
export async function leftBehind(base, paired, epoch) {
  const found = [];
  for (const [code, name] of Object.entries((await base.get("homes")) ?? {})) {
    if (code === codeOf(paired) || code === UNKNOWN) continue;
    const kept = name === base.name ? base : await Store.open(name);
    const [epochs, count] = await kept.read(async (tx) => [await tx.get("kv", "epochs"), await tx.count("records")]);
    if (kept !== base) kept.close();
    if (count && epochs && epochs.at(-1) !== epoch) found.push(code);
  }
  return found;
}

// What a device remembers, in IndexedDB: it survives closing, a crash, and a power cut.
// Three stores: `kv` (one value per name), `records` (facts by kind and id), `outbox` (what the server lacks).
//
// With a guard, nothing that fails for want of storage is given up: the guard tells people, and it is tried again until
// it is done. A page whose storage was emptied under it does nothing more.

const STORES = ["kv", "records", "outbox"];
const VERSION = 1;
const PATIENCE = 15_000; // ms for one transaction
const AGAIN_EVERY = 2000; // ms
// Not these: what a mistake of ours would raise.
const OURS = new Set([
  "DataError",
  "DataCloneError",
  "ConstraintError",
  "TransactionInactiveError",
  "ReadOnlyError",
  "SyntaxError",
]);

const asked = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** What can be done within one transaction. */
class Work {
  constructor(transaction) {
    this.of = (store) => transaction.objectStore(store);
    this.done = [];
  }

  get = (store, key) => asked(this.of(store).get(key));
  put = (store, value, key) => asked(this.of(store).put(value, key));
  delete = (store, key) => asked(this.of(store).delete(key));
  count = (store, range = undefined) => asked(this.of(store).count(range));

  /** Values in the order of their keys, at most `most`. */
  all = (store, range = null, most = undefined) => asked(this.of(store).getAll(range, most));

  /** Records of a kind, by an index ("at" or "no"), between two values, at most `most`. */
  records = (kind, index = "at", from = [], to = [[]], most = undefined) =>
    asked(
      this.of("records")
        .index(index)
        .getAll(between(kind, from, to), most),
    );

  /** The last `most` of them, latest first. */
  last(kind, index, most, to = [[]]) {
    const request = this.of("records")
      .index(index)
      .openCursor(between(kind, [], to), "prev");
    const found = [];
    return new Promise((resolve, reject) => {
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor || found.push(cursor.value) === most) resolve(found);
        else cursor.continue();
      };
    });
  }

  /** `then` is called when all of this transaction is on the disk. */
  after = (then) => this.done.push(then);
}

function between(kind, from, to) {
  const [low, high] = [from, to].map((one) => (Array.isArray(one) ? one : [one]));
  return IDBKeyRange.bound([kind, ...low], [kind, ...high]);
}

/** What tells this storage from any other: another tab may just have said so. */
async function marked(tx) {
  const made = (await tx.get("kv", "made")) ?? crypto.randomUUID();
  await tx.put("kv", made, "made");
  return made;
}

function opened(name) {
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = () => {
    const database = request.result;
    database.createObjectStore("kv");
    database.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
    const records = database.createObjectStore("records", { keyPath: ["kind", "id"] });
    records.createIndex("at", ["kind", "at"]);
    records.createIndex("no", ["kind", "no"]);
  };
  return asked(request);
}

/** The database of one device. */
export class Store {
  constructor(name, guard) {
    Object.assign(this, { name, guard, database: null });
  }

  /** Open it, made on first use. `guard`: {failing(trouble), working(trouble), emptied(store)}; without one, failures reject. */
  static async open(name, guard = null) {
    const store = new Store(name, guard);
    await store.#stubbornly(() => store.#connected());
    return store;
  }

  close() {
    this.database?.close();
    this.database = null;
  }

  /**
   * All of it happens, or nothing; when the promise resolves it is on the disk. `work` may only wait for its own requests;
   * it is done anew when there was no storage for it. `about()`: what would be lost, as text for people.
   */
  write(work, about = null) {
    return this.#stubbornly(() => this.#run("readwrite", work), about);
  }

  /** One consistent look. */
  read(work) {
    return this.#stubbornly(() => this.#run("readonly", work));
  }

  get = (key) => this.read((tx) => tx.get("kv", key));
  set = (key, value) => this.write((tx) => tx.put("kv", value, key));

  #connected() {
    this.connecting ??= this.#connect().finally(() => (this.connecting = null));
    return this.connecting;
  }

  async #connect() {
    const database = await opened(this.name);
    const gone = () => {
      database.close();
      if (this.database !== database) return;
      this.database = null;
      if (this.guard) this.get("made"); // look at once what is left
    };
    database.onversionchange = gone;
    database.onclose = gone;
    await this.#recognise(database);
    this.database = database;
  }

  /** Whether this is the storage that the page began with: another one means that somebody emptied it. */
  async #recognise(database) {
    let made = await this.#transact(database, "readonly", (tx) => tx.get("kv", "made"));
    if (!made && !this.made) {
      made = await this.#transact(database, "readwrite", marked, "relaxed"); // nobody was told anything yet
    }
    this.made ??= made;
    if (made !== this.made) this.#emptied();
  }

  async #run(mode, work) {
    if (!this.database) await this.#connected();
    if (this.empty) return new Promise(() => {});
    return this.#transact(this.database, mode, (tx) => this.#unless(tx, work));
  }

  /** Whether it is still what the page began with is asked each time: stores can be cleared without a word to anybody. */
  async #unless(tx, work) {
    if ((await tx.get("kv", "made")) === this.made) return work(tx);
    this.#emptied();
    return new Promise(() => {});
  }

  #emptied() {
    this.empty = true;
    this.guard?.emptied(this);
  }

  async #transact(database, mode, work, durability = "strict") {
    const transaction = database.transaction(STORES, mode, { durability });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException("the transaction was undone", "AbortError"));
    });
    done.catch(() => {});
    const known = new Work(transaction);
    try {
      const value = await work(known);
      await done;
      for (const then of known.done) then();
      return value;
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // it is over already
      }
      throw error;
    }
  }

  async #stubbornly(attempt, about = null) {
    if (!this.guard) return attempt();
    const trouble = { store: this, about, error: null, again: () => {} };
    try {
      for (;;) {
        const late = setTimeout(() => this.guard.failing(trouble), PATIENCE);
        try {
          return await attempt();
        } catch (error) {
          if (!(error instanceof DOMException) || OURS.has(error.name)) throw error;
          trouble.error = error;
        } finally {
          clearTimeout(late);
        }
        this.guard.failing(trouble);
        await new Promise((resolve) => {
          trouble.again = resolve;
          setTimeout(resolve, AGAIN_EVERY);
        });
      }
    } finally {
      this.guard.working(trouble);
    }
  }
}

/** Ask the browser not to throw the data away when the disk is full. @returns {Promise<boolean>} whether it agreed */
export async function keepForGood() {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
}

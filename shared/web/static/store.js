// What a device remembers, in IndexedDB: it survives closing, a crash, and a power cut.
// Three stores: `kv` (one value per name), `records` (facts by kind and id), `outbox` (what the server lacks).

const STORES = ["kv", "records", "outbox"];
const VERSION = 1;

const asked = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** What can be done within one transaction. */
class Work {
  constructor(transaction) {
    this.of = (store) => transaction.objectStore(store);
  }

  get = (store, key) => asked(this.of(store).get(key));
  put = (store, value, key) => asked(this.of(store).put(value, key));
  delete = (store, key) => asked(this.of(store).delete(key));
  count = (store) => asked(this.of(store).count());

  /** Values in the order of their keys, at most `most`. */
  all = (store, range = null, most = undefined) => asked(this.of(store).getAll(range, most));

  /** Records of a kind, by an index ("at" or "no"), between two values. */
  records(kind, index = "at", from = [], to = [[]]) {
    const [low, high] = [Array.isArray(from) ? from : [from], Array.isArray(to) ? to : [to]];
    return asked(this.of("records").index(index).getAll(IDBKeyRange.bound([kind, ...low], [kind, ...high])));
  }
}

/** The database of one device. */
export class Store {
  constructor(database) {
    this.database = database;
  }

  /** Open it, made on first use. A newer page in another tab closes it here. */
  static open(name) {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      const database = request.result;
      database.createObjectStore("kv");
      database.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
      const records = database.createObjectStore("records", { keyPath: ["kind", "id"] });
      records.createIndex("at", ["kind", "at"]);
      records.createIndex("no", ["kind", "no"]);
    };
    return asked(request).then((database) => {
      database.onversionchange = () => database.close();
      return new Store(database);
    });
  }

  /** All of it happens, or nothing; when the promise resolves it is on the disk. `work` may only wait for its own requests. */
  write(work) {
    return this.#run("readwrite", work);
  }

  /** One consistent look. */
  read(work) {
    return this.#run("readonly", work);
  }

  get = (key) => this.read((tx) => tx.get("kv", key));
  set = (key, value) => this.write((tx) => tx.put("kv", value, key));

  async #run(mode, work) {
    const transaction = this.database.transaction(STORES, mode, { durability: "strict" });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was undone"));
    });
    done.catch(() => {});
    try {
      const value = await work(new Work(transaction));
      await done;
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
}

/** Ask the browser not to throw the data away when the disk is full. @returns {Promise<boolean>} whether it agreed */
export async function keepForGood() {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
}

import type { Area, DeviceStorage, Write } from "./storage.js";

const VERSION = 2;

/** IndexedDB: what one tab writes the others read. */
export class IndexedDbStorage implements DeviceStorage {
  readonly isShared = true;

  private constructor(private readonly database: IDBDatabase) {
    // Another tab with a newer version must be able to change the database.
    database.onversionchange = () => {
      database.close();
    };
  }

  static async open(factory: IDBFactory, name: string): Promise<IndexedDbStorage> {
    const request = factory.open(name, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      const { result } = request;
      if (oldVersion < 1) {
        result.createObjectStore("meta");
        result.createObjectStore("cache");
        result.createObjectStore("outbox", { autoIncrement: true });
      }
      result.createObjectStore("changes", { autoIncrement: true });
    };
    return new IndexedDbStorage(await settled(request));
  }

  async get(area: Area, key: string | number): Promise<unknown> {
    return settled(this.#store(area, "readonly").get(key) as IDBRequest<unknown>);
  }

  async all(area: Area): Promise<(readonly [string | number, unknown])[]> {
    const store = this.#store(area, "readonly");
    const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll() as IDBRequest<unknown[]>)]);
    return keys.map((key, place) => [key as string | number, values[place]]);
  }

  async write(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    const transaction = this.database.transaction([...new Set(writes.map((write) => write.area))], "readwrite");
    for (const { area, key, value } of writes) {
      const store = transaction.objectStore(area);
      if (value === undefined) store.delete(key);
      else store.put(value, key);
    }
    await committed(transaction);
  }

  async append(area: Area, value: unknown): Promise<number> {
    const store = this.#store(area, "readwrite");
    const key = settled(store.add(value));
    await committed(store.transaction);
    return (await key) as number;
  }

  async clear(areas: readonly Area[]): Promise<void> {
    const transaction = this.database.transaction([...areas], "readwrite");
    for (const area of areas) transaction.objectStore(area).clear();
    await committed(transaction);
  }

  close(): void {
    this.database.close();
  }

  #store(area: Area, mode: IDBTransactionMode): IDBObjectStore {
    return this.database.transaction(area, mode).objectStore(area);
  }
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("IndexedDB failed"));
    };
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error("IndexedDB gave up a transaction"));
    };
  });
}

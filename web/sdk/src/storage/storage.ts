import { IndexedDbStorage } from "./indexeddb.js";
import { MemoryStorage } from "./memory.js";
import type { Surface } from "../platform.js";

/** `meta`: the session and where sync is; `cache`: conversations; `outbox` and `changes`: what is on its way, in its order. */
export type Area = "meta" | "cache" | "outbox" | "changes";

/** A change; without a value the key is deleted. */
export interface Write {
  readonly area: Area;
  readonly key: string | number;
  readonly value?: unknown;
}

/** What the device keeps. All values must be fit for structured cloning. */
export interface DeviceStorage {
  /** Whether other tabs have it too. */
  readonly isShared: boolean;
  get(area: Area, key: string | number): Promise<unknown>;
  /** In the order of the keys. */
  all(area: Area): Promise<(readonly [string | number, unknown])[]>;
  /** All of it or nothing. */
  write(writes: readonly Write[]): Promise<void>;
  /** Adds behind all that is there, whatever tab put it there; the key. Calls keep their order. */
  append(area: Area, value: unknown): Promise<number>;
  clear(areas: readonly Area[]): Promise<void>;
  close(): void;
}

/** The best storage that there is. A browser that refuses (private windows of some) still chats, and forgets. */
export function openStorage(platform: Surface, name: string, kind: "auto" | "memory"): DeviceStorage {
  const { indexedDB } = platform;
  if (kind === "memory" || indexedDB === undefined) return new MemoryStorage();
  return new OpeningStorage(IndexedDbStorage.open(indexedDB, name).catch(() => new MemoryStorage()));
}

/** A storage that is being opened: calls wait until it is, in their order. */
class OpeningStorage implements DeviceStorage {
  readonly isShared = true;

  constructor(private readonly opening: Promise<DeviceStorage>) {}

  async get(area: Area, key: string | number): Promise<unknown> {
    return (await this.opening).get(area, key);
  }

  async all(area: Area): Promise<(readonly [string | number, unknown])[]> {
    return (await this.opening).all(area);
  }

  async write(writes: readonly Write[]): Promise<void> {
    return (await this.opening).write(writes);
  }

  async append(area: Area, value: unknown): Promise<number> {
    return (await this.opening).append(area, value);
  }

  async clear(areas: readonly Area[]): Promise<void> {
    return (await this.opening).clear(areas);
  }

  close(): void {
    void this.opening.then((storage) => {
      storage.close();
    });
  }
}

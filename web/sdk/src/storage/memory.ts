import type { Area, DeviceStorage, Write } from "./storage.js";

/** Keeps things as long as the process lives. */
export class MemoryStorage implements DeviceStorage {
  readonly isShared = false;
  readonly #areas: Record<Area, Map<string | number, unknown>> = { meta: new Map(), cache: new Map(), outbox: new Map(), changes: new Map() };
  #lastKey = 0;

  get(area: Area, key: string | number): Promise<unknown> {
    return Promise.resolve(this.#areas[area].get(key));
  }

  all(area: Area): Promise<(readonly [string | number, unknown])[]> {
    return Promise.resolve([...this.#areas[area]]);
  }

  write(writes: readonly Write[]): Promise<void> {
    for (const { area, key, value } of writes) {
      if (value === undefined) this.#areas[area].delete(key);
      else this.#areas[area].set(key, structuredClone(value));
    }
    return Promise.resolve();
  }

  append(area: Area, value: unknown): Promise<number> {
    this.#lastKey += 1;
    this.#areas[area].set(this.#lastKey, structuredClone(value));
    return Promise.resolve(this.#lastKey);
  }

  clear(areas: readonly Area[]): Promise<void> {
    for (const area of areas) this.#areas[area].clear();
    return Promise.resolve();
  }

  close(): void {
    // There is nothing to let go of.
  }
}

import { Emitter } from "../emitter.js";
import type { Topic } from "../store.js";

/** Who is to be told of what, and what was made of the state since it last changed. */
export class Topics {
  readonly #emitter = new Emitter<Record<Topic, undefined>>();
  readonly #dirty = new Set<Topic>();
  readonly #made = new Map<string, { readonly topics: readonly Topic[]; readonly value: unknown }>();
  readonly #dependents = new Map<Topic, Set<string>>();
  #depth = 0;

  subscribe(topic: Topic, listener: () => void): () => void {
    return this.#emitter.on(topic, listener);
  }

  /** Marks what has changed; listeners are told when the outermost change is through. */
  touch(...topics: readonly Topic[]): void {
    this.change(() => {
      for (const topic of topics) {
        this.#dirty.add(topic);
        for (const key of this.#dependents.get(topic) ?? []) this.#made.delete(key);
        this.#dependents.delete(topic);
      }
    });
  }

  /** Runs a change; listeners are told once of all of it, after it. */
  change<Result>(run: () => Result): Result {
    this.#depth += 1;
    try {
      return run();
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) this.#tell();
    }
  }

  /** What was made under a key, made anew when one of its topics was touched. */
  memo<Value>(key: string, topics: readonly Topic[], make: () => Value): Value {
    const known = this.#made.get(key);
    if (known !== undefined) return known.value as Value;
    const value = make();
    this.#made.set(key, { topics, value });
    for (const topic of topics) {
      const dependents = this.#dependents.get(topic) ?? new Set();
      this.#dependents.set(topic, dependents.add(key));
    }
    return value;
  }

  #tell(): void {
    while (this.#dirty.size > 0) {
      const topics = [...this.#dirty];
      this.#dirty.clear();
      for (const topic of topics) this.#emitter.emit(topic, undefined);
    }
  }
}

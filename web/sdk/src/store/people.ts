import type { Topics } from "./topics.js";
import type { Presence, User } from "../types.js";

/** Who people are, and who is there, as far as it was told. */
export class People {
  readonly #users = new Map<string, User>();
  readonly #presence = new Map<string, Presence>();

  constructor(private readonly topics: Topics) {}

  user(userId: string): User | undefined {
    return this.#users.get(userId);
  }

  presence(userId: string): Presence | undefined {
    return this.#presence.get(userId);
  }

  put(users: readonly User[]): void {
    this.topics.change(() => {
      for (const user of users) {
        this.#users.set(user.userId, user);
        this.topics.touch(`user:${user.userId}`);
      }
    });
  }

  putPresence(presence: Presence): void {
    this.#presence.set(presence.userId, presence);
    this.topics.touch(`presence:${presence.userId}`);
  }

  clear(): void {
    for (const userId of this.#presence.keys()) this.topics.touch(`presence:${userId}`);
    this.#users.clear();
    this.#presence.clear();
  }
}

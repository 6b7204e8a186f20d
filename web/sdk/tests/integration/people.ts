import { ParleyClient } from "../../src/index.js";
import type { ClientOptions, MessageWindow, MessagesSnapshot } from "../../src/index.js";

const DEADLINE_MS = 45_000;
const POLL_MS = 20;
const PASSWORD = "a password of nobody but tests";

/** Where the stack is that the tests run against; whoever starts them says so. */
export const URL_OF_STACK = process.env.PARLEY_URL ?? "";

/** Waits until something holds. */
export async function until<Value>(read: () => Value, what = "it"): Promise<NonNullable<Value>> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > end) throw new Error(`${what} did not come to hold in time`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const clients: ParleyClient[] = [];

/** A client of somebody new, connected and whole. */
export async function newPerson(name: string, options: ClientOptions = {}): Promise<{ client: ParleyClient; userId: string; username: string }> {
  const client = makeClient(options);
  const username = `${name}_${Math.random().toString(36).slice(2, 12)}`;
  const { userId } = await client.register({ username, email: `${username}@example.com`, password: PASSWORD, displayName: name });
  await until(() => client.getConnection().status === "online", `${name}'s connection`);
  return { client, userId, username };
}

/** One more device of somebody. */
export async function signIn(username: string, options: ClientOptions = {}): Promise<ParleyClient> {
  const client = makeClient(options);
  await client.login({ login: username, password: PASSWORD });
  await until(() => client.getConnection().status === "online", "the connection");
  return client;
}

export function makeClient(options: ClientOptions = {}): ParleyClient {
  const client = new ParleyClient({ url: URL_OF_STACK, storage: "memory", ...options });
  clients.push(client);
  return client;
}

/** Ends all clients that were made. */
export async function stopAll(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.stop()));
}

/** The contents that a window shows. */
export function contents(window: MessageWindow): (string | null)[] {
  return window.getSnapshot().items.map((message) => message.content);
}

/** A window's messages, once there are so many and all of them are stored. */
export async function stored(window: MessageWindow, count: number): Promise<MessagesSnapshot["items"]> {
  await until(() => {
    const { items } = window.getSnapshot();
    return items.length === count && items.every((message) => message.seq !== null);
  }, `${String(count)} stored messages`);
  return window.getSnapshot().items;
}

import { expect, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "@playwright/test";
import { randomBytes } from "node:crypto";

const PASSWORD = "four words of tests only";

export interface Account {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly token: string;
}

/** Somebody with a browser of their own. */
export interface Person extends Account {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors that the page told of. */
  readonly troubles: string[];
}

/** Ends people's browsers, and holds their pages to having had no error. */
export async function leave(...people: readonly Person[]): Promise<void> {
  for (const { context, troubles } of people) {
    await context.close();
    expect(troubles).toEqual([]);
  }
}

export const password = PASSWORD;

export function freshName(name: string): string {
  return `${name.toLowerCase()}_${randomBytes(5).toString("hex")}`;
}

/** A call of the REST API; what is no success is thrown. */
export async function call<Answer>(url: string, token: string | null, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as Answer;
}

/** An account, made without a browser. */
export async function account(url: string, name: string): Promise<Account> {
  const username = freshName(name);
  const made = await call<{ user: { userId: string }; accessToken: string }>(url, null, "POST", "/api/auth/register", {
    username,
    email: `${username}@example.com`,
    password: PASSWORD,
    displayName: name,
  });
  return { userId: made.user.userId, username, displayName: name, token: made.accessToken };
}

/** Watches a page for what must never happen on it. */
export function guard(page: Page, troubles: string[]): void {
  page.on("pageerror", (error) => troubles.push(`${error}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|ERR_INTERNET_DISCONNECTED|WebSocket connection/.test(message.text())) troubles.push(message.text());
  });
}

/** Opens a page of a person, who is signed in already or signs in now. */
export async function signIn(page: Page, username: string): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("Username or email").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Chats" })).toBeVisible();
}

export async function arrive(browser: Browser, url: string, name: string, options: BrowserContextOptions = {}): Promise<Person> {
  return enter(browser, url, await account(url, name), options);
}

/** Opens a browser for somebody who has an account. */
export async function enter(browser: Browser, url: string, made: Account, options: BrowserContextOptions = {}): Promise<Person> {
  const context = await browser.newContext({ baseURL: url, ...options });
  const page = await context.newPage();
  const troubles: string[] = [];
  guard(page, troubles);
  await signIn(page, made.username);
  return { ...made, context, page, troubles };
}

export async function direct(url: string, one: Account, other: Pick<Account, "userId">): Promise<string> {
  const made = await call<{ conversationId: string }>(url, one.token, "POST", "/api/conversations", { kind: "direct", memberId: other.userId });
  return made.conversationId;
}

export async function group(url: string, owner: Account, name: string, others: readonly Account[]): Promise<string> {
  const body = { kind: "group", name, memberIds: others.map((each) => each.userId) };
  return (await call<{ conversationId: string }>(url, owner.token, "POST", "/api/conversations", body)).conversationId;
}

let sent = 0;

/** Has somebody write without a browser; the message's id. */
export async function say(url: string, who: Account, conversationId: string, content: string, more: object = {}): Promise<string> {
  const body = { conversationId, clientMessageId: `t${++sent}_${randomBytes(4).toString("hex")}`, content, ...more };
  return (await call<{ messageId: string }>(url, who.token, "POST", "/api/chat/send", body)).messageId;
}

const FRAME_MAX_COUNT = 25;
const FRAMES_AT_ONCE = 8;

/** Has somebody write many messages quickly, over a socket of their own, many in a frame. */
export async function sayMany(url: string, who: Account, conversationId: string, contents: readonly string[]): Promise<void> {
  const ticket = await call<{ url: string }>(url, who.token, "POST", "/api/auth/ws-ticket");
  const socket = new WebSocket(ticket.url);
  const frames: string[] = [];
  for (let place = 0; place < contents.length; place += FRAME_MAX_COUNT) {
    const messages = contents.slice(place, place + FRAME_MAX_COUNT).map((content) => ({ conversationId, clientMessageId: `t${++sent}_${randomBytes(4).toString("hex")}`, content }));
    frames.push(JSON.stringify({ action: "send", requestId: `${frames.length + 1}`, data: { messages } }));
  }
  try {
    await new Promise<void>((resolve, reject) => {
      let [next, answered] = [0, 0];
      socket.onopen = () => {
        while (next < Math.min(FRAMES_AT_ONCE, frames.length)) socket.send(frames[next++] ?? "");
      };
      socket.onclose = socket.onerror = () => reject(new Error("the socket of the many messages was lost"));
      socket.onmessage = ({ data }) => {
        for (const frame of [JSON.parse(`${data}`)].flat() as { event: string; requestId?: string; data: { results?: { status: string }[] } }[]) {
          if (frame.requestId === undefined) continue;
          if (frame.data.results?.every((result) => result.status === "accepted") !== true) reject(new Error(JSON.stringify(frame)));
          if (++answered === frames.length) resolve();
          else if (next < frames.length) socket.send(frames[next++] ?? "");
        }
      };
    });
  } finally {
    socket.onclose = null;
    socket.close();
  }
}

/** Waits until a conversation holds so many messages. */
export async function stored(url: string, who: Account, conversationId: string, count: number): Promise<void> {
  await expect
    .poll(async () => (await call<{ lastSeq: number }>(url, who.token, "GET", `/api/conversations/${conversationId}`)).lastSeq, { timeout: 60_000 })
    .toBeGreaterThanOrEqual(count);
}

export const messages = (page: Page) => page.locator("[data-message]");
export const message = (page: Page, text: string) => page.locator("[data-message]").filter({ hasText: text });

export async function write(page: Page, text: string): Promise<void> {
  const field = page.getByRole("textbox", { name: /^Write to/ });
  await field.fill(text);
  await field.press("Enter");
}

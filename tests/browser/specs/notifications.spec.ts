import { expect, test, type Page } from "@playwright/test";
import { account, direct, enter, leave, message, say, stored } from "../people";

interface Shown {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
}

declare global {
  interface Window {
    looksAway: boolean;
    shown: (Shown & { onclick: (() => void) | null })[];
  }
}

/** A page that can be hidden, and a browser that notes what it is asked to show: the one of these tests shows nothing. */
function prepare(): void {
  window.looksAway = false;
  window.shown = [];
  Object.defineProperty(document, "visibilityState", { get: () => (window.looksAway ? "hidden" : "visible") });
  document.hasFocus = () => !window.looksAway;
  class Note {
    constructor(title: string, { body, tag }: { body: string; tag: string }) {
      window.shown.push(Object.assign(this, { title, body, tag, onclick: null, close: () => undefined }));
    }
  }
  Object.assign(Note, {
    permission: sessionStorage.getItem("permission") ?? "default",
    requestPermission: () => {
      sessionStorage.setItem("permission", "granted");
      Object.assign(Note, { permission: "granted" });
      return Promise.resolve("granted");
    },
  });
  Object.defineProperty(window, "Notification", { value: Note });
}

function look(page: Page, isAway: boolean): Promise<void> {
  return page.evaluate((away) => {
    window.looksAway = away;
    document.dispatchEvent(new Event("visibilitychange"));
    if (!away) window.dispatchEvent(new Event("focus"));
  }, isAway);
}

const shown = (page: Page) => page.evaluate(() => window.shown.map(({ title, body }) => `${title}: ${body}`));

test("who looks elsewhere is told of new messages, once allowed, and is led to them", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const [one, ben, carla] = await Promise.all([account(url, "Ada"), account(url, "Ben"), account(url, "Carla")]);
  const [withBen, withCarla] = [await direct(url, one, ben), await direct(url, one, carla)];
  const ada = await enter(browser, url, one);
  const { page } = ada;
  const list = page.getByRole("navigation", { name: "Conversations" });
  await page.addInitScript(prepare);
  await page.goto("/settings/appearance");
  const choice = page.getByRole("switch", { name: "Tell me of new messages when I look elsewhere" });
  await expect(choice).not.toBeChecked();
  /** Writes, and waits until the page shows it: what was to be told of it has been told then. */
  const hear = async (who: typeof ben, id: string, text: string, seq: number) => {
    await say(url, who, id, text);
    await stored(url, who, id, seq);
    await expect(list.getByRole("link", { name: new RegExp(`${who.displayName}.*${text}`) })).toBeVisible();
  };

  await look(page, true);
  await hear(ben, withBen, "before it was allowed", 1);
  expect(await shown(page)).toEqual([]);
  await choice.click();
  await expect(choice).toBeChecked();
  await hear(ben, withBen, "are you there", 2);
  expect(await shown(page)).toEqual(["Ben: are you there"]);
  await look(page, false);
  await hear(carla, withCarla, "while you look", 1);
  expect(await shown(page)).toHaveLength(1);

  await look(page, true);
  await page.evaluate(() => window.shown[0]?.onclick?.());
  await expect(page).toHaveURL(new RegExp(`/c/${withBen}$`));
  await expect(message(page, "are you there")).toBeVisible();
  // Of an open conversation too, as nobody sees it; not of a muted one.
  await hear(ben, withBen, "and here", 3);
  expect(await shown(page)).toEqual(["Ben: are you there", "Ben: and here"]);
  await page.getByRole("button", { name: "Mute", exact: true }).click();
  await expect(page.getByRole("button", { name: "Unmute" })).toBeVisible();
  await hear(ben, withBen, "not so loud", 4);
  await hear(carla, withCarla, "loud enough", 2);
  expect(await shown(page)).toEqual(["Ben: are you there", "Ben: and here", "Carla: loud enough"]);
  // Nobody has looked at what came while the page was hidden.
  await expect(list.getByRole("link", { name: /Ben/ })).toContainText("unread");
  await page.goto("/settings/appearance");
  await choice.click();
  await expect(choice).not.toBeChecked();
  await look(page, true);
  await hear(carla, withCarla, "never mind", 3);
  expect(await shown(page)).toEqual([]);
  await leave(ada);
});

import { expect, test, type Page } from "@playwright/test";
import { account, arrive, call, direct, leave, message, messages, say, signIn, stored, write } from "../people";

/** The numbers in the texts of the messages that are shown, top to bottom. */
async function shown(page: Page): Promise<string[]> {
  return page.locator("[data-message] .text").allInnerTexts();
}

test("who was cut off comes back whole and in order, with what was edited meanwhile", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ben = await account(url, "Ben");
  const ada = await arrive(browser, url, "Ada");
  const id = await direct(url, ben, ada);
  const first = await say(url, ben, id, "before 0");
  await ada.page.getByRole("link", { name: /Ben/ }).click();
  await expect(message(ada.page, "before 0")).toBeVisible();
  await stored(url, ben, id, 1);

  await ada.context.setOffline(true);
  await expect(ada.page.getByText("You are offline.")).toBeVisible();
  for (let index = 1; index <= 50; index++) await say(url, ben, id, `while away ${index}`);
  await call(url, ben.token, "PUT", `/api/chat/${first}`, { content: "before 0, edited" });
  await stored(url, ben, id, 51);
  await write(ada.page, "written while offline");
  await expect(message(ada.page, "written while offline").getByRole("img", { name: "Waiting to be sent" })).toBeVisible();

  await ada.context.setOffline(false);
  await expect(ada.page.getByText("You are offline.")).toBeHidden();
  await expect(message(ada.page, "written while offline").getByRole("img", { name: /Sent|Delivered|Read/ })).toBeVisible();
  await stored(url, ben, id, 52);
  const history = await call<{ items: { content: string }[] }>(url, ben.token, "GET", `/api/messages/conversation/${id}?after=0&limit=100`);
  const expected = ["before 0, edited", ...Array.from({ length: 50 }, (_, index) => `while away ${index + 1}`), "written while offline"];
  expect(history.items.map((item) => item.content)).toEqual(expected);

  // The page holds what is seen only: gather it while scrolling to the top.
  const seen = new Set<string>();
  await expect
    .poll(
      async () => {
        for (const text of await shown(ada.page)) seen.add(text);
        await ada.page.locator(".messages").evaluate((element) => element.scrollBy(0, -300));
        return seen.size;
      },
      { timeout: 60_000, intervals: [50] },
    )
    .toBe(expected.length);
  expect([...seen].sort()).toEqual([...expected].sort());
  await expect(messages(ada.page).first()).toContainText("before 0, edited");
  await leave(ada);
});

test("what is changed while offline is shown at once, over a reload too, and made when there is a connection", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ben = await account(url, "Ben");
  const ada = await arrive(browser, url, "Ada");
  const id = await direct(url, ben, ada);
  await say(url, ben, id, "what do you think");
  await say(url, ada, id, "not sure yet");
  await say(url, ada, id, "forget it");
  await stored(url, ada, id, 3);
  const { page } = ada;
  await page.goto(`/c/${id}`);
  await expect(message(page, "forget it")).toBeVisible();
  // What is opened for the first time is there already.
  const fetched = (name: string) => page.evaluate((part) => performance.getEntriesByType("resource").some((entry) => entry.name.includes(part)), name);
  for (const part of ["MessageMenu", "Confirm", "EmojiPopover"]) await expect.poll(() => fetched(part)).toBe(true);
  await ada.context.setOffline(true);
  await expect(page.getByText("You are offline.")).toBeVisible();
  await page.getByRole("textbox", { name: /Write to/ }).press("ArrowUp");
  await expect(page.getByText("Edit message")).toBeVisible();
  await page.getByRole("textbox", { name: /Write to/ }).fill("remember it");
  await page.keyboard.press("Enter");
  await expect(message(page, "remember it")).toContainText("edited");
  await message(page, "not sure yet").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("This message was deleted.")).toBeVisible();
  await message(page, "what do you think").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "React" }).click();
  await page.getByRole("searchbox", { name: "Search emoji" }).fill("thumbs up");
  await page.keyboard.press("Enter");
  const reaction = page.getByRole("button", { name: "👍, 1 reaction" });
  await expect(reaction).toHaveAttribute("aria-pressed", "true");
  const history = async () => {
    const { items } = await call<{ items: { content: string | null; reactions: { emoji: string }[] }[] }>(url, ben.token, "GET", `/api/messages/conversation/${id}?after=0`);
    return items.map(({ content, reactions }) => [content, ...reactions.map(({ emoji }) => emoji)]);
  };
  expect(await history()).toEqual([["what do you think"], ["not sure yet"], ["forget it"]]);

  // The page is left as it is, and loaded anew where it can be while its calls fail.
  await page.goto("about:blank");
  const calls = /\/api\//;
  await page.route(calls, (route) => route.abort());
  await ada.context.setOffline(false);
  await page.goto(`/c/${id}`);
  await expect(message(page, "remember it")).toBeVisible();
  await expect(page.getByText("This message was deleted.")).toBeVisible();
  await expect(reaction).toBeVisible();
  expect(await history()).toEqual([["what do you think"], ["not sure yet"], ["forget it"]]);
  await page.unroute(calls);
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect.poll(history).toEqual([["what do you think", "👍"], [null], ["remember it"]]);
  await expect(message(page, "remember it")).toBeVisible();
  await leave(ada);
});

test("two tabs of one person show the same, and a message that either sends once", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ben = await account(url, "Ben");
  const ada = await arrive(browser, url, "Ada");
  const id = await direct(url, ben, ada);
  const other = await ada.context.newPage();
  await other.goto(`/c/${id}`);
  await ada.page.goto(`/c/${id}`);
  await write(other, "from the second tab");
  await write(ada.page, "from the first tab");
  for (const page of [ada.page, other]) {
    await expect(message(page, "from the second tab").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
    await expect(message(page, "from the first tab").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
    await expect(messages(page)).toHaveCount(2);
  }
  await say(url, ben, id, "an answer");
  for (const page of [ada.page, other]) await expect(message(page, "an answer")).toBeVisible();
  await stored(url, ada, id, 3);
  await ada.page.getByRole("button", { name: "Your menu" }).click();
  await ada.page.getByRole("menuitem", { name: "Sign out" }).click();
  for (const page of [ada.page, other]) await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await signIn(other, ada.username);
  await leave(ada);
});

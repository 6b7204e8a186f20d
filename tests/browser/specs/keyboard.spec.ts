import { expect, test, type Locator, type Page } from "@playwright/test";
import { account, arrive, direct, freshName, guard, leave, message, password, say, stored } from "../people";

/** Presses a key until what has the focus is inside something; says so where it never comes there. */
async function reach(page: Page, key: string, selector: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const isThere = await page.evaluate((wanted) => document.activeElement?.closest(wanted) != null, selector);
        if (!isThere) await page.keyboard.press(key);
        return isThere;
      },
      { message: `${key} reaches ${selector}`, intervals: [20] },
    )
    .toBe(true);
  // Whoever goes by keys must see where they are.
  expect(await page.evaluate(() => document.activeElement?.matches(":focus-visible"))).toBe(true);
}

/** Goes to a message as the list of keys says: up from where one writes, then through the messages. */
async function goTo(page: Page, wanted: Locator): Promise<void> {
  await reach(page, "Shift+Tab", "[data-message]:focus");
  await expect
    .poll(
      async () => {
        // What had the focus last has it again: the way may be up or down.
        const [here, there] = await wanted.evaluate((element: HTMLElement) => [document.activeElement as HTMLElement, element].map((each) => Number(each.dataset["seq"])));
        if (here !== there) await page.keyboard.press((here ?? 0) > (there ?? 0) ? "ArrowUp" : "ArrowDown");
        return here === there;
      },
      { intervals: [100] },
    )
    .toBe(true);
}

/** Chooses from the menu that is open. */
async function choose(page: Page, name: string): Promise<void> {
  const item = page.getByRole("menuitem", { name });
  await item.waitFor();
  await expect
    .poll(
      async () => {
        const isThere = await item.evaluate((element) => element === document.activeElement);
        if (!isThere) await page.keyboard.press("ArrowDown");
        return isThere;
      },
      { intervals: [100] },
    )
    .toBe(true);
  await page.keyboard.press("Enter");
}

test("somebody registers, finds another and talks without a mouse", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ben = await account(url, "Ben");
  const context = await browser.newContext();
  const page = await context.newPage();
  const troubles: string[] = [];
  guard(page, troubles);
  const { keyboard } = page;

  // Register: the first field has the focus.
  const username = freshName("ada");
  await page.goto("/sign-up");
  await expect(page.getByLabel("Username")).toBeFocused();
  for (const text of [username, "Ada", `${username}@example.com`, password]) {
    await keyboard.type(text);
    await keyboard.press("Tab");
  }
  await reach(page, "Tab", 'button[type="submit"]');
  await keyboard.press("Enter");
  await expect(page.getByText("No conversations yet.")).toBeVisible();

  // Find somebody, and write.
  await keyboard.press("Control+k");
  await expect(page.getByLabel("Search people and messages")).toBeFocused();
  await keyboard.type(ben.username);
  await expect(page.getByRole("button", { name: /Ben/ })).toBeVisible();
  await keyboard.press("ArrowDown");
  await expect(page.getByRole("button", { name: /Ben/ })).toBeFocused();
  await keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Write to Ben" })).toBeFocused();
  await keyboard.type("First line");
  await keyboard.press("Shift+Enter");
  await keyboard.type("and the second");
  await keyboard.press("Enter");
  const mine = message(page, "and the second");
  await expect(mine.getByRole("img", { name: "Sent", exact: true })).toBeVisible();

  // To the messages: react, reply; then edit the last one, and delete it.
  await goTo(page, mine);
  await keyboard.press("Enter");
  await choose(page, "React");
  await expect(page.getByRole("searchbox", { name: "Search emoji" })).toBeFocused();
  await keyboard.type("party popper");
  await keyboard.press("Enter");
  await expect(mine.getByRole("button", { name: "🎉, 1 reaction" })).toBeVisible();
  await expect(page.getByRole("searchbox", { name: "Search emoji" })).toBeHidden();
  await goTo(page, mine);
  await keyboard.press("r");
  await expect(page.getByText("Reply to yourself")).toBeVisible();
  await keyboard.type("To myself");
  await keyboard.press("Enter");
  await expect(message(page, "To myself").locator(".quote")).toContainText("First line");
  await expect(message(page, "To myself").getByRole("img", { name: "Sent", exact: true })).toBeVisible();
  await keyboard.press("ArrowUp");
  await expect(page.getByText("Edit message")).toBeVisible();
  await keyboard.type(", once more");
  await keyboard.press("Enter");
  const edited = message(page, "To myself, once more");
  await expect(edited).toContainText("edited");
  await goTo(page, edited);
  await keyboard.press("Enter");
  await choose(page, "Delete");
  await reach(page, "Tab", "[role=alertdialog] .danger");
  await keyboard.press("Enter");
  await expect(page.getByText("This message was deleted.").first()).toBeVisible();
  await context.close();
  expect(troubles).toEqual([]);
});

test("Alt and the arrows go from conversation to conversation, and the keys are listed", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ada = await arrive(browser, url, "Ada");
  const { page } = ada;
  const { keyboard } = page;
  for (const name of ["Ben", "Carla", "Dan"]) {
    const id = await direct(url, await account(url, name), ada);
    // One's own last message is what the arrow alone would edit.
    await say(url, ada, id, `Good morning ${name}`);
    await stored(url, ada, id, 1);
  }
  const links = page.locator(".conversations").getByRole("link");
  await expect(links).toContainText(["Dan", "Carla", "Ben"]);
  const isWith = async (name: string) => {
    await expect(page.getByRole("textbox", { name: `Write to ${name}` })).toBeFocused();
    await expect(page.locator(".conversations [aria-current=page]")).toContainText(name);
    await expect(message(page, `Good morning ${name}`)).toBeVisible();
  };
  for (const [key, name] of [
    ["ArrowDown", "Dan"],
    ["ArrowDown", "Carla"],
    ["ArrowDown", "Ben"],
    ["ArrowDown", "Ben"], // There is none below.
    ["ArrowUp", "Carla"],
    ["ArrowUp", "Dan"],
    ["ArrowUp", "Dan"],
  ] as const) {
    await keyboard.press(`Alt+${key}`);
    await isWith(name);
    await expect(page.getByText("Edit message")).toBeHidden();
  }
  // What is being written stays where it was; and from among the messages it goes as well.
  await keyboard.type("For Dan alone");
  await keyboard.press("Alt+ArrowDown");
  await isWith("Carla");
  await expect(page.getByRole("textbox", { name: "Write to Carla" })).toHaveValue("");
  await goTo(page, message(page, "Good morning Carla"));
  await keyboard.press("Alt+ArrowUp");
  await isWith("Dan");
  await expect(page.getByRole("textbox", { name: "Write to Dan" })).toHaveValue("For Dan alone");

  await keyboard.press("Control+/");
  const dialog = page.getByRole("dialog", { name: "Keys" });
  const listed = dialog.locator("dl > div");
  await expect(listed.filter({ hasText: "Alt ↑" })).toContainText("Previous and next conversation");
  await expect(listed.filter({ hasText: "Ctrl K" })).toContainText("Search people and messages");
  await expect(listed.filter({ hasText: "Ctrl /" })).toContainText("These keys");
  await expect(listed).toHaveCount(10);
  await keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("textbox", { name: "Write to Dan" })).toBeFocused();
  await leave(ada);
});

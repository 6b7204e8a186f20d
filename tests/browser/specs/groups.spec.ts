import { expect, test, type Page } from "@playwright/test";
import { account, arrive, direct, group, leave, message, messages, say, stored, write } from "../people";

test("a group of three: made, written in, its messages changed, and one removed from it", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const carla = await account(url, "Carla");
  const [ada, ben] = await Promise.all([arrive(browser, url, "Ada"), arrive(browser, url, "Ben")]);
  await ada.page.getByRole("button", { name: "New chat" }).click();
  const field = ada.page.getByRole("searchbox", { name: "Search people by name" });
  for (const person of [ben, carla]) {
    await field.fill(person.username);
    await ada.page.getByRole("button", { name: new RegExp(`@${person.username}`) }).click();
  }
  await ada.page.getByLabel("Group name").fill("Three of us");
  await ada.page.getByRole("button", { name: "Create group" }).click();
  await expect(ada.page.getByRole("heading", { name: "Three of us" })).toBeVisible();
  await ben.page.getByRole("link", { name: /Three of us/ }).click();

  // A mention is offered by name, and shown to whom it means.
  const writing = ada.page.getByRole("textbox", { name: /Write to/ });
  await writing.pressSequentially("Welcome @be");
  await ada.page.getByRole("option", { name: /Ben/ }).waitFor();
  await ada.page.keyboard.press("Enter");
  await writing.press("Enter");
  const welcome = message(ben.page, "Welcome");
  await expect(welcome.locator(".mention.me")).toHaveText(`@${ben.username}`);

  // Reply, react, edit, delete: by keys alone.
  await welcome.focus();
  await ben.page.keyboard.press("r");
  await write(ben.page, "Thank you");
  await expect(message(ada.page, "Thank you").locator(".quote")).toContainText("Welcome");
  await message(ada.page, "Thank you").focus();
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("menuitem", { name: "React" }).click();
  await ada.page.getByRole("searchbox", { name: "Search emoji" }).fill("party popper");
  await ada.page.keyboard.press("Enter");
  await expect(ben.page.getByRole("button", { name: "🎉, 1 reaction" })).toBeVisible();
  await ben.page.getByRole("button", { name: "🎉, 1 reaction" }).click();
  await expect(ada.page.getByRole("button", { name: "🎉, 2 reactions" })).toBeVisible();
  await writing.focus();
  await ada.page.keyboard.press("ArrowUp");
  await expect(ada.page.getByText("Edit message")).toBeVisible();
  await writing.fill("Welcome to all");
  await writing.press("Enter");
  await expect(message(ben.page, "Welcome to all").filter({ hasNot: ben.page.locator(".quote") })).toContainText("edited");
  await message(ada.page, "Welcome to all").first().focus();
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("menuitem", { name: "Who has read it" }).click();
  await expect(ada.page.getByRole("dialog")).toContainText("Read by");
  await expect(ada.page.getByRole("dialog")).toContainText("Not yet");
  await ada.page.keyboard.press("Escape");
  await message(ada.page, "Welcome to all").first().focus();
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("menuitem", { name: "Delete" }).click();
  await ada.page.getByRole("button", { name: "Delete" }).click();
  await expect(messages(ben.page).first()).toContainText("This message was deleted.");

  await ada.page.getByRole("button", { name: "Details", exact: true }).click();
  await ada.page.getByRole("button", { name: "Actions for Ben" }).click();
  await ada.page.getByRole("menuitem", { name: "Remove from group" }).click();
  await ada.page.getByRole("button", { name: "Remove from group" }).click();
  await expect(ben.page.getByText("You are not in this conversation any more.")).toBeVisible();
  await expect(ben.page.getByText("No conversations yet.")).toBeVisible();
  await expect(ada.page.locator(".chat-names")).toContainText("2 members");
  await expect(ada.page.getByRole("button", { name: "Actions for Ben" })).toBeHidden();
  await leave(ada, ben);
});

test("an owner renames a group, gives a role and takes it, and leaves it to the next; the other sees each at once", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const carla = await account(url, "Carla");
  const [ada, ben] = await Promise.all([arrive(browser, url, "Ada"), arrive(browser, url, "Ben")]);
  const id = await group(url, ada, "First name", [carla, ben]);
  await Promise.all([ada, ben].map(({ page }) => page.goto(`/c/${id}/info`)));
  const usernames: Record<string, string> = { Ada: ada.username, Ben: ben.username, Carla: carla.username };
  const person = (page: Page, name: string) => page.locator(".panel .person").filter({ hasText: `@${usernames[name]}` });
  const roles = async (page: Page, wanted: Record<string, string>) => {
    for (const [name, role] of Object.entries(wanted)) await expect(person(page, name).locator(".role")).toHaveText(role ? [role] : []);
  };
  const act = async (page: Page, name: string, entry: string) => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: entry }).click();
  };
  const rename = async (page: Page, name: string) => {
    await page.getByRole("button", { name: "Edit group" }).click();
    const dialog = page.getByRole("dialog", { name: "Edit group" });
    await dialog.getByLabel("Group name").fill(name);
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(dialog).toBeHidden();
  };
  const isCalled = async (page: Page, name: string) => {
    await expect(page.locator(".chat-names h1")).toHaveText(name);
    await expect(page.locator(".conversation-title")).toHaveText([name]);
    await expect(page).toHaveTitle(`${name} · Parley`);
  };
  await roles(ben.page, { Ada: "Owner", Ben: "", Carla: "" });
  await expect(ben.page.getByRole("button", { name: "Edit group" })).toHaveCount(0);
  await isCalled(ben.page, "First name");

  await rename(ada.page, "Second name");
  for (const { page } of [ada, ben]) await isCalled(page, "Second name");
  await act(ada.page, "Ben", "Make admin");
  for (const { page } of [ada, ben]) await roles(page, { Ada: "Owner", Ben: "Admin", Carla: "" });
  await rename(ben.page, "Third name");
  for (const { page } of [ada, ben]) await isCalled(page, "Third name");
  await act(ada.page, "Ben", "Take admin role away");
  for (const { page } of [ada, ben]) await roles(page, { Ada: "Owner", Ben: "", Carla: "" });
  await expect(ben.page.getByRole("button", { name: "Edit group" })).toHaveCount(0);

  // Carla was there before Ben, but an admin comes first.
  await act(ada.page, "Ben", "Make admin");
  await roles(ben.page, { Ben: "Admin" });
  await ada.page.getByRole("button", { name: "Leave group" }).click();
  const question = ada.page.getByRole("alertdialog", { name: "Leave Third name?" });
  await expect(question).toContainText("becomes its owner");
  await question.getByRole("button", { name: "Leave group" }).click();
  await expect(ada.page.getByText("No conversations yet.")).toBeVisible();
  await expect(person(ben.page, "Ada")).toHaveCount(0);
  await roles(ben.page, { Ben: "Owner", Carla: "" });
  await expect(ben.page.locator(".chat-names")).toContainText("2 members");
  await expect(ben.page.getByRole("button", { name: "Delete group" })).toBeVisible();
  await ada.page.goto(`/c/${id}`);
  // Said to be gone or led away from, by whether the device had forgotten it already: it is not to be seen.
  await expect(ada.page.getByText("No conversations yet.")).toBeVisible();
  await expect(ada.page.locator(".chat-names")).toHaveCount(0);

  // And hands it over himself.
  await act(ben.page, "Carla", "Make owner");
  await ben.page.getByRole("alertdialog", { name: "Make Carla the owner?" }).getByRole("button", { name: "Make owner" }).click();
  await roles(ben.page, { Ben: "Admin", Carla: "Owner" });
  await expect(ben.page.getByRole("button", { name: "Delete group" })).toHaveCount(0);
  await ben.page.reload();
  await roles(ben.page, { Ben: "Admin", Carla: "Owner" });
  await leave(ada, ben);
});

test("a reload leaves one where one was: place, draft, panel and search", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ben = await account(url, "Ben");
  const ada = await arrive(browser, url, "Ada");
  const id = await direct(url, ben, ada);
  for (let index = 1; index <= 120; index++) await say(url, index % 3 ? ben : ada, id, `line ${index}`);
  await stored(url, ada, id, 120);
  const { page } = ada;
  await page.goto(`/c/${id}`);
  const list = page.locator(".messages");
  await expect(messages(page).first()).toBeVisible();
  await page.getByRole("textbox", { name: /Write to/ }).fill("half a thought");
  // To the middle, where there is more above and below.
  await expect
    .poll(
      async () => {
        await list.evaluate((element) => element.scrollBy(0, -400));
        return Number(await messages(page).first().getAttribute("data-seq"));
      },
      { intervals: [60] },
    )
    .toBeLessThan(50);
  const topmost = () =>
    list.evaluate((element) => {
      const top = element.getBoundingClientRect().top;
      const row = [...element.querySelectorAll<HTMLElement>("[data-seq]")].find((each) => each.getBoundingClientRect().bottom > top + 2);
      return { seq: Number(row?.dataset["seq"]), offset: Math.round((row?.getBoundingClientRect().top ?? 0) - top) };
    });
  // The place is kept when the scrolling has come to rest.
  await expect.poll(() => page.evaluate((key) => sessionStorage.getItem(key), `parley.place.${id}`)).toContain("seq");
  let before = await topmost();
  await expect
    .poll(async () => {
      const known = before;
      before = await topmost();
      return JSON.stringify(known) === JSON.stringify(before);
    })
    .toBe(true);
  await page.reload();
  await expect.poll(async () => (await topmost()).seq).toBe(before.seq);
  await expect.poll(async () => Math.abs((await topmost()).offset - before.offset)).toBeLessThan(24);
  await expect(page.getByRole("textbox", { name: /Write to/ })).toHaveValue("half a thought");
  await page.getByRole("button", { name: "To the latest message" }).click();
  await expect(message(page, "line 120")).toBeInViewport();

  await page.getByRole("link", { name: /Ben/ }).first().click();
  await page.getByRole("button", { name: "Details", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Contact" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Contact" })).toBeVisible();
  await page.goto("/settings/sessions");
  await page.reload();
  await expect(page.getByText("This device")).toBeVisible();
  await leave(ada);
});

import { expect, test } from "@playwright/test";
import { call, freshName, message, password, write } from "../people";

test("two people register, find each other and talk, with ticks that turn", async ({ browser, baseURL }) => {
  const [ada, ben] = await Promise.all([browser.newContext(), browser.newContext()]);
  const [adaPage, benPage] = [await ada.newPage(), await ben.newPage()];
  const names = { ada: freshName("ada"), ben: freshName("ben") };
  for (const [page, username, name] of [
    [adaPage, names.ada, "Ada Byron"],
    [benPage, names.ben, "Ben Carter"],
  ] as const) {
    await page.goto("/");
    await page.getByRole("link", { name: "Create account" }).click();
    await page.getByLabel("Username").fill(username);
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Email").fill(`${username}@example.com`);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByText("No conversations yet.")).toBeVisible();
  }
  await adaPage.getByLabel("Search people and messages").fill(names.ben);
  await adaPage.getByRole("button", { name: /Ben Carter/ }).click();
  await write(adaPage, "Hello Ben");
  const mine = message(adaPage, "Hello Ben");
  await expect(mine.getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  const row = benPage.getByRole("link", { name: /Ada Byron/ });
  await expect(row).toContainText("Hello Ben");
  await expect(row).toContainText("1 unread");
  await expect(mine.getByRole("img", { name: "Delivered" })).toBeVisible();
  await row.click();
  await expect(mine.getByRole("img", { name: "Read" })).toBeVisible();
  await benPage.getByRole("textbox", { name: /Write to/ }).pressSequentially("Hi");
  await expect(adaPage.getByText("typing…")).toBeVisible();
  await benPage.getByRole("textbox", { name: /Write to/ }).fill("Hi Ada, see https://example.com/a?b=1.");
  await benPage.keyboard.press("Enter");
  await expect(message(adaPage, "Hi Ada").getByRole("link", { name: "https://example.com/a?b=1" })).toBeVisible();
  await expect(adaPage.getByText("typing…")).toBeHidden();
  await expect(adaPage.locator(".chat-names")).toContainText("Online");
  void call;
  void baseURL;
});

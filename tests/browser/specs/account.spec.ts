import { expect, test, type Page } from "@playwright/test";
import { account, arrive, call, direct, enter, guard, leave, message, password, say, signIn, stored, write } from "../people";

/** Signs in with a password that need not be the right one. */
async function tryToSignIn(page: Page, username: string, secret: string): Promise<void> {
  await page.getByLabel("Username or email").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("devices are listed and signed out, and a changed password signs out the others", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ada = await arrive(browser, url, "Ada");
  const context = await browser.newContext();
  const other = await context.newPage();
  const troubles: string[] = [];
  guard(other, troubles);
  await signIn(other, ada.username);
  const { page } = ada;
  await page.goto("/settings/sessions");
  const devices = page.locator(".settings").getByRole("listitem");
  // One that was made to register, this page's, and the other's.
  await expect(devices).toHaveCount(3);
  await expect(devices.filter({ hasText: "This device" })).toHaveCount(1);
  await expect(devices.filter({ hasText: "Chrome on Linux" })).toHaveCount(2);
  await devices.filter({ hasText: "Chrome on Linux" }).filter({ hasNotText: "This device" }).getByRole("button", { name: "Sign out" }).click();
  await expect(devices).toHaveCount(2);
  await expect(other.getByText("Your session has ended. Sign in again to go on.")).toBeVisible();
  await tryToSignIn(other, ada.username, password);
  await expect(other.getByRole("heading", { name: "Chats" })).toBeVisible();

  const [current, next] = [page.getByLabel("Current password"), page.getByLabel("New password")];
  const another = "another four words of tests";
  await current.fill("not the password at all");
  await next.fill(another);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("That is not your password.")).toBeVisible();
  await current.fill(password);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Your password is changed, and your other devices are signed out.")).toBeVisible();
  await expect(current).toHaveValue("");
  await expect(other.getByText("Your session has ended. Sign in again to go on.")).toBeVisible();
  await tryToSignIn(other, ada.username, password);
  await expect(other.getByText("That name and password do not fit together.")).toBeVisible();
  await tryToSignIn(other, ada.username, another);
  await expect(other.getByRole("heading", { name: "Chats" })).toBeVisible();

  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Sign out" }).click();
  for (const each of [page, other]) await expect(each.getByRole("button", { name: "Sign in" })).toBeVisible();
  await context.close();
  expect(troubles).toEqual([]);
  await leave(ada);
});

test("who is blocked cannot write, nor change what was written, until they are unblocked", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const [ada, ben] = await Promise.all([arrive(browser, url, "Ada"), arrive(browser, url, "Ben")]);
  const id = await direct(url, ada, ben);
  await say(url, ben, id, "Good morning");
  await stored(url, ada, id, 1);
  await Promise.all([ada.page.goto(`/c/${id}/info`), ben.page.goto(`/c/${id}`)]);
  await expect(message(ben.page, "Good morning")).toBeVisible();
  await ada.page.getByRole("button", { name: "Block" }).click();
  await ada.page.getByRole("alertdialog", { name: "Block Ben?" }).getByRole("button", { name: "Block" }).click();
  await expect(ada.page.getByText("Ben is blocked.")).toBeVisible();

  await write(ben.page, "Are you there?");
  const refused = message(ben.page, "Are you there?");
  await expect(refused.getByText("Not sent: one of you has blocked the other.")).toBeVisible();
  // An edit is shown at once; as it is refused, what was there is shown again, and why.
  const writing = ben.page.getByRole("textbox", { name: /Write to/ });
  await writing.press("ArrowUp");
  await expect(ben.page.getByText("Edit message")).toBeVisible();
  await writing.fill("Good evening");
  await writing.press("Enter");
  await expect(ben.page.getByText("One of you has blocked the other.", { exact: true })).toBeVisible();
  await expect(message(ben.page, "Good morning")).toBeVisible();
  await expect(message(ben.page, "Good evening")).toHaveCount(0);

  await ada.page.goto("/settings/privacy");
  await ada.page.locator(".settings").getByRole("listitem").filter({ hasText: "Ben" }).getByRole("button", { name: "Unblock" }).click();
  await expect(ada.page.getByText("You have blocked nobody.")).toBeVisible();
  await refused.getByRole("button", { name: "Try again" }).click();
  await expect(refused.getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await ada.page.goto(`/c/${id}`);
  await expect(message(ada.page, "Are you there?")).toBeVisible();
  await leave(ada, ben);
});

test("an account is erased: its messages are tombstones, and nobody signs in to it", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const one = await account(url, "Ada");
  const ben = await arrive(browser, url, "Ben");
  const id = await direct(url, one, ben);
  await say(url, one, id, "Remember me");
  await stored(url, one, id, 1);
  await ben.page.goto(`/c/${id}`);
  await expect(message(ben.page, "Remember me")).toBeVisible();
  const ada = await enter(browser, url, one);
  await ada.page.goto("/settings/privacy");
  await ada.page.getByRole("button", { name: "Erase account" }).click();
  const dialog = ada.page.getByRole("dialog", { name: "Erase account" });
  await dialog.getByLabel("Password").fill("not the password at all");
  await dialog.getByRole("button", { name: "Erase account" }).click();
  await expect(dialog.getByText("That is not your password.")).toBeVisible();
  await dialog.getByLabel("Password").fill(password);
  await dialog.getByRole("button", { name: "Erase account" }).click();
  await expect(ada.page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await expect(ben.page.locator("[data-message]").first()).toContainText("This message was deleted.");
  await tryToSignIn(ada.page, ada.username, password);
  await expect(ada.page.getByText("That name and password do not fit together.")).toBeVisible();
  // Nothing of hers is left on the device.
  expect(await ada.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("draft") || key.includes("place")))).toEqual([]);
  await expect(call(url, null, "POST", "/api/auth/login", { login: ada.username, password })).rejects.toThrow("401");
  await leave(ada, ben);
});

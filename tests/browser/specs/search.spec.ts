import { expect, test } from "@playwright/test";
import { account, arrive, direct, leave, message, messages, say, stored } from "../people";

test("a word is found in all conversations and in one, and its message is jumped to", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ben = await account(url, "Ben");
  const ada = await arrive(browser, url, "Ada");
  const id = await direct(url, ben, ada);
  await say(url, ben, id, "The lighthouse opens at nine.");
  for (let index = 1; index <= 150; index++) await say(url, index % 2 ? ben : ada, id, `line ${index}`);
  await say(url, ada, id, "See you at the Lighthouse!");
  await stored(url, ada, id, 152);
  const { page } = ada;
  await page.getByLabel("Search people and messages").fill("lighthouse");
  await expect(page.locator(".found")).toHaveCount(2);
  await page.locator(".found").filter({ hasText: "opens at nine" }).click();
  await expect(message(page, "opens at nine")).toBeInViewport();
  await expect(page).toHaveURL(new RegExp(`/c/${id}\\?at=1$`));
  await page.getByRole("button", { name: "To the latest message" }).click();
  await expect(message(page, "See you at the Lighthouse!")).toBeInViewport();

  await page.getByRole("button", { name: "Search in this chat" }).click();
  await page.getByRole("searchbox", { name: "Words to look for" }).fill("opens lighthouse");
  await page.locator(".panel .found").click();
  await expect(message(page, "opens at nine")).toBeInViewport();
  await page.reload();
  await expect(page.getByRole("searchbox", { name: "Words to look for" })).toHaveValue("opens lighthouse");
  await expect(messages(page).first()).toBeVisible();
  await expect(message(page, "opens at nine")).toBeInViewport();
  await page.getByRole("searchbox", { name: "Words to look for" }).fill("nowhere to be found");
  await expect(page.getByText("Nothing found for")).toBeVisible();
  await leave(ada);
});

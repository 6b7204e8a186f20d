import { expect, test, type Page } from "@playwright/test";
import { arrive, direct, group, leave, message, say, stored } from "../people";

test("a changed name and a text about oneself are kept, and seen by the other", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const [ada, ben] = await Promise.all([arrive(browser, url, "Ada"), arrive(browser, url, "Ben")]);
  const [id, team] = [await direct(url, ada, ben), await group(url, ada, "The two", [ben])];
  await say(url, ada, team, "Here as well");
  await stored(url, ada, team, 1);
  // The other's device knows the old name, from both conversations.
  await ben.page.goto(`/c/${team}`);
  await expect(message(ben.page, "Here as well").locator(".sender")).toHaveText("Ada");
  await ben.page.locator(".conversation-title", { hasText: /^Ada$/ }).click();
  await expect(ben.page).toHaveTitle(/Ada · Parley/);
  await ben.page.goto("/");

  const { page } = ada;
  await page.getByRole("button", { name: "Your menu" }).click();
  await page.getByRole("menuitem", { name: "Profile" }).click();
  const [name, about, save] = [page.getByLabel("Name", { exact: true }), page.getByLabel("About"), page.getByRole("button", { name: "Save" })];
  await expect(name).toHaveValue("Ada");
  await name.fill("");
  await save.click();
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await name.fill("Augusta King");
  await about.fill("Numbers, and what they could say.");
  await save.click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await expect(name).not.toHaveAttribute("aria-invalid");
  await page.reload();
  await expect(name).toHaveValue("Augusta King");
  await expect(about).toHaveValue("Numbers, and what they could say.");

  await expect(ben.page.getByText("Your conversations")).toBeVisible();
  await ben.page.locator(".conversation-title", { hasText: /^Ada$/ }).click();
  const chat = ben.page.locator(".chat-names h1");
  for (const isReloaded of [false, true]) {
    if (isReloaded) await ben.page.reload();
    await expect(chat).toHaveText("Augusta King");
    await expect(ben.page).toHaveTitle(/Augusta King · Parley/);
    await expect(ben.page.locator(".conversation-title", { hasText: /^Augusta King$/ })).toBeVisible();
  }
  await ben.page.getByRole("button", { name: "Details", exact: true }).click();
  await expect(ben.page.getByText("Numbers, and what they could say.")).toBeVisible();
  await ben.page.locator(".conversation-title", { hasText: /^The two$/ }).click();
  await expect(message(ben.page, "Here as well").locator(".sender")).toHaveText("Augusta King");
  await ben.page.goto(`/c/${team}/info`);
  await expect(ben.page.locator(".panel .person").filter({ hasText: ada.username })).toContainText("Augusta King");
  expect(ben.page.url()).not.toContain(id);
  await page.goto(`/c/${team}/info`);
  await expect(page.locator(".panel .person").filter({ hasText: ada.username })).toContainText("Augusta King (you)");
  await leave(ada, ben);
});

/** Whether what is drawn is dark on light or light on dark: the ground, the list, a card and the text on it, all alike. */
async function tone(page: Page): Promise<string> {
  const found = await page.evaluate(() => {
    const isBright = (colour: string) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) > (3 * 255) / 2;
    const [body, ...surfaces] = ["body", ".sidebar", ".settings .card"].map((selector) => getComputedStyle(document.querySelector(selector) ?? document.documentElement));
    const grounds = [body, ...surfaces].map((style) => isBright(style?.backgroundColor ?? ""));
    return [...new Set(grounds), !isBright(body?.color ?? "")].map((isLight) => (isLight ? "light" : "dark"));
  });
  return [...new Set(found)].join(" and ");
}

test("a theme is chosen, drawn at once and kept, and the system's is followed", async ({ browser, baseURL }) => {
  const ada = await arrive(browser, baseURL ?? "", "Ada", { colorScheme: "light" });
  const { page } = ada;
  await page.goto("/settings/appearance");
  const choice = (name: string) => page.getByRole("group", { name: "Theme" }).getByRole("radio", { name });
  await expect(choice("As the system")).toBeChecked();
  await expect.poll(() => tone(page)).toBe("light");
  const choose = async (name: string, drawn: string) => {
    await choice(name).check();
    await expect.poll(() => tone(page)).toBe(drawn);
    await page.reload();
    await expect(choice(name)).toBeChecked();
    await expect.poll(() => tone(page)).toBe(drawn);
  };
  await choose("Dark", "dark");
  // What is chosen holds against the system.
  await page.emulateMedia({ colorScheme: "dark" });
  await choose("Light", "light");
  await choose("As the system", "dark");
  await page.emulateMedia({ colorScheme: "light" });
  await expect.poll(() => tone(page)).toBe("light");
  await leave(ada);
});

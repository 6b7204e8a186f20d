import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import { scene, type Scene } from "../scene";
import { guard, message, signIn } from "../people";

const PICTURES = process.env["PICTURES"] ?? "pictures";

/** Waits until what appears has appeared: before that its colours are those of something half there. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map(({ finished }) => finished));
  });
}

/** Holds a page to having nothing that axe calls serious or worse. */
async function accessible(page: Page, what: string): Promise<void> {
  await settled(page);
  // A trap for the focus holds elements that take it and are hidden from readers: they hand it on at once.
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode() // without a page of its own for the results, which only frames of other origins need
    .options({ resultTypes: ["violations"] })
    .exclude("[data-base-ui-focus-guard]")
    .exclude(".emoji-grid section:nth-of-type(n + 2)") // two thousand buttons like those of the first
    .analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect.soft(serious.map(({ id, nodes }) => `${what}: ${id}: ${nodes.map((node) => node.html).join(" | ").slice(0, 600)}`)).toEqual([]);
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${PICTURES}/${name}.png`, animations: "disabled", caret: "hide" });
}

test.describe.configure({ timeout: 240_000 });

let made: Scene;
test.beforeAll(async ({}, testInfo) => {
  made = await scene(testInfo.project.use.baseURL ?? "");
});

for (const [scheme, size, viewport] of [
  ["light", "wide", { width: 1280, height: 800 }],
  ["dark", "wide", { width: 1280, height: 800 }],
  ["light", "narrow", { width: 390, height: 780 }],
  ["dark", "narrow", { width: 390, height: 780 }],
] as const) {
  test(`every page is sound: ${scheme}, ${size}`, async ({ browser }) => {
    const isNarrow = size === "narrow";
    const context = await browser.newContext({ viewport, colorScheme: scheme, hasTouch: isNarrow, isMobile: isNarrow, deviceScaleFactor: 1 });
    const page = await context.newPage();
    const troubles: string[] = [];
    guard(page, troubles);
    const shoot = async (name: string) => {
      await accessible(page, name);
      await picture(page, `${name}-${size}-${scheme}`);
    };

    await page.goto("/sign-up");
    await expect(page.getByLabel("Email")).toBeVisible();
    await shoot("sign-up");
    await page.goto("/sign-in");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("This is needed.")).toHaveCount(2);
    await shoot("sign-in");
    await signIn(page, made.ada.username);
    await expect(page.getByRole("link", { name: /Launch/ })).toBeVisible();
    await shoot("list");

    await page.goto(`/c/${made.withBen}`);
    await expect(message(page, "Like this?")).toBeVisible();
    await expect(page.getByRole("button", { name: /1 reaction/ }).first()).toBeVisible();
    await shoot("direct");
    const told = message(page, "everything else follows").first();
    await told.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("menuitem", { name: "Reply" })).toBeVisible();
    await shoot("message-menu");
    await page.getByRole("menuitem", { name: "React" }).click();
    await expect(page.getByRole("searchbox", { name: "Search emoji" })).toBeVisible();
    await shoot("emoji");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("searchbox", { name: "Search emoji" })).toBeHidden();

    await page.goto(`/c/${made.withBen}/info`);
    await expect(page.getByRole("button", { name: "Block" })).toBeVisible();
    await shoot("contact");
    await page.keyboard.press("Control+/");
    await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
    await shoot("keys");
    await page.keyboard.press("Escape");
    await page.goto(`/c/${made.team}/info`);
    await expect(page.getByRole("button", { name: "Add members" })).toBeVisible();
    await expect(page.getByText("Owner")).toBeVisible();
    await shoot("group");
    await page.goto(`/c/${made.team}/search`);
    await page.getByRole("searchbox", { name: "Words to look for" }).fill("thursday");
    await expect(page.locator(".found")).toHaveCount(2);
    await shoot("search");
    await page.goto("/new");
    await expect(page.getByRole("searchbox", { name: "Search people by name" })).toBeVisible();
    await page.getByRole("button", { name: /Ben Carter/ }).first().click();
    await page.getByRole("button", { name: /Emi Fujita/ }).first().click();
    await shoot("new-chat");
    for (const tab of ["profile", "appearance", "sessions", "privacy"]) {
      await page.goto(`/settings/${tab}`);
      await expect(page.getByRole("navigation", { name: "Settings" })).toBeVisible();
      await expect(page.locator(".settings .spinner")).toHaveCount(0);
      await shoot(`settings-${tab}`);
    }
    await page.goto("/c/nowhere");
    await expect(page.getByText("This conversation is not there")).toBeVisible();
    await shoot("not-found");
    expect(troubles).toEqual([]);
    await context.close();
  });
}

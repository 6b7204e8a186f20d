// The twin's status page: what it shows, that it keeps up with what happens, and that its buttons set faults.
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

const STATUS = "/_local";

/** Opens the page, and fails the test for anything that the browser complains of, such as a broken policy. */
async function open(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await page.goto(STATUS);
  await expect(page.locator("#engines li")).not.toHaveCount(0);
  return complaints;
}

test.beforeEach(async ({ request }) => {
  expect((await request.delete("/_local/faults")).ok()).toBe(true);
});

test.afterEach(async ({ request }) => {
  await request.delete("/_local/faults");
});

test("shows engines, functions with their environments, event sources and dead letters", async ({ page }) => {
  const complaints = await open(page);
  await expect(page.locator("#engines")).toContainText("Kafka");
  await expect(page.locator("#engines .good").first()).toHaveText("ready");
  await expect(page.getByRole("row", { name: /ws_send/ }).first()).toContainText("512 MB, 10 s");
  await expect(page.locator("#sources")).toContainText("chat.send");
  await expect(page.locator("#unread")).toContainText("dead.store_messages");
  await expect(page.locator("#unread")).toContainText("records");
  expect(complaints).toEqual([]);
});

test("a fault is set by its form, shown with the seed, strikes, and is removed", async ({ page, request }) => {
  const complaints = await open(page);
  await page.locator("#fault-choice").selectOption({ label: "kill before the answer is taken" });
  await page.locator("#fault-function").selectOption("rest_chat");
  await page.getByRole("button", { name: "Set fault" }).click();
  const fault = page.locator("#faults li", { hasText: "kill rest_chat before answer, once" });
  await expect(fault).toContainText("not yet");
  await expect(page.locator("#seed")).toHaveText(/seed \d+/);
  expect((await request.get("/api/health")).status()).toBe(500);
  await expect(fault).toContainText("struck 1×, spent");
  await fault.getByRole("button", { name: "Remove" }).click();
  await expect(page.locator("#faults")).toHaveText("No faults are set.");
  await page.getByText("What faults did").click();
  await expect(page.locator("#strikes")).toContainText("strikes: kill rest_chat before answer");
  expect((await request.get("/api/health")).status()).toBe(200);
  expect(complaints).toEqual([]);
});

test("invocations come as they happen, and one shows why it failed", async ({ page, request }) => {
  await request.post("/_local/faults", { data: { kind: "kill", function: "rest_chat", at: "event" } });
  await open(page);
  await request.get("/api/health");
  await page.getByLabel("failed only").check();
  await page.locator("#invocations tr", { hasText: "rest_chat" }).first().click();
  await expect(page.locator("#log-error")).toContainText("Runtime.ExitError");
  await expect(page.locator("#log-error")).toContainText("signal: killed");
});

test("what the twin refuses is said beside the form", async ({ page }) => {
  await open(page);
  await page.route("**/_local/faults", (route) =>
    route.request().method() === "POST" ? route.continue({ postData: '{"kind":"posts"}' }) : route.continue(),
  );
  await page.getByRole("button", { name: "Set fault" }).click();
  await expect(page.getByRole("alert")).toContainText("action");
});

test("another site's page can neither read nor change anything", async ({ request }) => {
  const foreign = { headers: { origin: "https://elsewhere.example" } };
  expect((await request.get("/_local/state", foreign)).status()).toBe(403);
  expect((await request.post("/_local/faults", { ...foreign, data: { kind: "sockets" } })).status()).toBe(403);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`is accessible, ${colorScheme}, and fits a phone`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await open(page);
    const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa"]).analyze();
    expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 780 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  });
}

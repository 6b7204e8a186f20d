// The pages that show the OpenAPI and the AsyncAPI document: that each entry of the documents is on them, and that they are sound.
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

interface Named {
  readonly title: string;
  readonly summary: string;
  readonly tags: readonly { readonly name: string }[];
  readonly examples: readonly { readonly payload: unknown }[];
}

interface Socket {
  readonly components: { readonly messages: Readonly<Record<string, Named>>; readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
}

/** Everything that the browser complains of, such as a script that the policy of the page does not let run. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return complaints;
}

async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ").slice(0, 600)}`)).toEqual([]);
}

/** What is wider than the window has to scroll within itself. */
async function fits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
}

test("the page of the socket has every frame of the AsyncAPI document, with its fields and its examples", async ({ page, request }) => {
  const complaints = complaintsOf(page);
  const api = (await (await request.get("/api/asyncapi.json")).json()) as Socket;
  const messages = Object.values(api.components.messages);
  expect(messages.length).toBeGreaterThan(30);

  await page.goto("/api/docs");
  await page.getByRole("link", { name: "the WebSocket" }).click();
  await expect(page.getByRole("heading", { name: "What the server tells" })).toBeVisible();
  const titles = await page.locator("#frames > details > summary > code").allTextContents();
  for (const message of messages) expect(titles).toContain(message.title);
  expect(await page.locator("#frames pre").count()).toBe(messages.reduce((sum, { examples }) => sum + examples.length, 0));

  const send = page.locator("#frames > details").filter({ has: page.locator("summary > code", { hasText: /^send$/ }) });
  await expect(send.locator("pre").first()).toBeHidden();
  await send.locator("summary").click();
  await expect(send).toContainText("Also as chat:send.");
  await expect(send).toContainText("Answer: chat:send:ack or error.");
  await expect(send.getByRole("row", { name: /clientMessageId/ }).first()).toBeVisible();
  const examples = await send.locator("pre").allTextContents();
  const written = messages.find(({ title }) => title === "send")?.examples.map(({ payload }) => payload);
  expect(examples.map((text) => JSON.parse(text) as unknown)).toEqual(written);
  const objects = Object.entries(api.components.schemas).filter(([name, { properties }]) => properties && !name.endsWith("Frame"));
  for (const [name] of objects) expect(titles).toContain(name);
  expect(complaints).toEqual([]);
});

test("the page of the REST API has every route of the OpenAPI document", async ({ page, request }) => {
  const complaints = complaintsOf(page);
  const api = (await (await request.get("/api/openapi.json")).json()) as { readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  await page.goto("/api/docs");
  const routes = Object.entries(api.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  expect(routes.length).toBeGreaterThan(30);
  await expect(page.locator("summary")).not.toHaveCount(0);
  const shown = (await page.locator("summary").allTextContents()).map((text) => text.replace(/\s+/g, ""));
  for (const route of routes) expect(shown.some((text) => text.startsWith(route.replace(" ", "")))).toBe(true);
  expect(complaints).toEqual([]);
});

test("a document that cannot be read is told", async ({ page }) => {
  await page.route("/api/asyncapi.json", (route) => route.abort());
  await page.goto("/api/docs/websocket");
  await expect(page.locator("#about")).toHaveText("The document could not be read.");
});

for (const [path, colorScheme, width] of [
  ["/api/docs", "light", 1280],
  ["/api/docs/websocket", "dark", 390],
] as const) {
  test(`${path} is sound: ${colorScheme}, ${width} wide`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
    const page = await context.newPage();
    await page.goto(path);
    await expect(page.locator("summary")).not.toHaveCount(0);
    // A few of them opened have one of everything; with all of them open axe takes half a minute.
    await page.evaluate(() => [...document.querySelectorAll("details")].slice(0, 6).forEach((one) => (one.open = true)));
    await accessible(page);
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    await page.screenshot({ path: `${process.env["PICTURES"] ?? "pictures"}/documents-${width}.png` });
    await fits(page);
    await page.setViewportSize({ width: width === 390 ? 1280 : 390, height: 800 });
    await fits(page);
    expect(await page.getByText("`").count()).toBe(0);
    await context.close();
  });
}

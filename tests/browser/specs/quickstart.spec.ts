// The page of docs/web-sdk.md, exactly as it stands there, with the client as it is built, from another origin than the stack's.
import { expect, test, type Browser, type Page } from "@playwright/test";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freshName, password } from "../people.ts";

const ORIGIN = "http://localhost:5173";
const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

test.beforeAll(() => {
  execFileSync(process.execPath, [path("web/sdk/scripts/build.mjs")], { stdio: "inherit" });
});

/** Opens the page as somebody would who serves the two files. */
async function open(browser: Browser, stack: string, troubles: string[]): Promise<Page> {
  const [, html] = /^```html\n(.*?)^```/ms.exec(readFileSync(path("docs/web-sdk.md"), "utf8")) ?? [];
  // A page that no server served counts as one of the internet, which may not call this machine unasked.
  const page = await (await browser.newContext({ permissions: ["local-network-access"] })).newPage();
  page.on("pageerror", (error) => troubles.push(`${error}`));
  await page.route(`${ORIGIN}/**`, async (route) => {
    const name = new URL(route.request().url()).pathname;
    if (name === "/") await route.fulfill({ contentType: "text/html", body: html ?? "" });
    else if (name === "/parley.min.js") await route.fulfill({ contentType: "text/javascript", path: path("web/sdk/dist/parley.min.js") });
    else await route.fulfill({ status: 404 });
  });
  await page.goto(`${ORIGIN}/?stack=${encodeURIComponent(stack)}`);
  return page;
}

async function enter(page: Page, name: string, peer: string): Promise<void> {
  await page.getByPlaceholder("your name").fill(name);
  await page.getByPlaceholder("password").fill(password);
  await page.getByPlaceholder("whom to write to").fill(peer);
  await page.getByRole("button", { name: "Chat" }).click();
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

test("the page of forty lines chats", async ({ browser, baseURL }) => {
  const [ann, ben] = [freshName("ann"), freshName("ben")];
  const troubles: string[] = [];
  const [first, second] = [await open(browser, baseURL ?? "", troubles), await open(browser, baseURL ?? "", troubles)];
  await enter(first, ann, ben);
  await expect(first.getByRole("status")).toHaveText(`${ben} is not here yet.`);
  await enter(second, ben, ann);
  await expect(second.getByRole("status")).toHaveText(`You chat with ${ann}.`);
  await write(second, "Hello Ann");
  await enter(first, ann, ben);
  await expect(first.getByRole("listitem")).toHaveText(["they: Hello Ann"]);
  await expect(second.getByRole("listitem")).toHaveText(["you (read): Hello Ann"]);
  await write(first, "Hello Ben");
  await expect(second.getByRole("listitem")).toHaveText(["you (read): Hello Ann", "they: Hello Ben"]);
  await expect(first.getByRole("listitem")).toHaveText(["they: Hello Ann", "you (read): Hello Ben"]);
  expect(troubles).toEqual([]);
});

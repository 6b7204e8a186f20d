import { expect, test } from "@playwright/test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { account, arrive, call, direct, leave, messages, say, stored } from "../people";

const FIRST_LOAD_BYTES = 150_000;
const MANY = Number(process.env["MESSAGES"] ?? 1000);
/** What a step of scrolling may hold up the page for, on a machine that does other things as well. */
const LOOSE_MS = 1000;

test("the first load has less than 150 KB of script", async ({ page }) => {
  const scripts = new Map<string, number>();
  page.on("response", async (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.endsWith(".js")) scripts.set(pathname, gzipSync(await response.body()).length);
  });
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await expect.poll(() => scripts.size).toBeGreaterThan(1);
  const total = [...scripts.values()].reduce((sum, size) => sum + size, 0);
  console.log(`first load: ${(total / 1000).toFixed(1)} KB of script, gzipped, in ${scripts.size} files`);
  expect(total).toBeLessThan(FIRST_LOAD_BYTES);
});

test("a long conversation scrolls from its end to its beginning without holding up the page", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ben = await account(url, "Ben");
  const ada = await arrive(browser, url, "Ada");
  const id = await direct(url, ben, ada);
  await Promise.all(
    Array.from({ length: 20 }, async (_, worker) => {
      for (let index = worker; index < MANY; index += 20) await say(url, index % 3 ? ben : ada, id, `Message ${index} ${"of some length ".repeat(index % 7)}`);
    }),
  );
  await stored(url, ada, id, MANY);
  // Afresh, so that it opens at the end and not at the first unread one.
  await call(url, ada.token, "PUT", "/api/messages/status", { conversationId: id, status: "read", seq: MANY });
  await ada.page.reload();
  await ada.page.goto(`/c/${id}`);
  await expect(messages(ada.page).last()).toHaveAttribute("data-seq", `${MANY}`);
  const measured = await ada.page.evaluate(async () => {
    const tasks: number[] = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
    observer.observe({ type: "longtask" });
    const list = document.querySelector<HTMLElement>(".messages");
    if (!list) throw new Error("no messages");
    const began = performance.now();
    let frames = 0;
    let most = 0;
    while (list.querySelector("[data-seq='1']") === null && performance.now() - began < 60_000) {
      list.scrollBy(0, -list.clientHeight);
      await new Promise(requestAnimationFrame);
      frames += 1;
      most = Math.max(most, list.querySelectorAll("[data-message]").length);
    }
    observer.disconnect();
    return { reached: list.querySelector("[data-seq='1']") !== null, frames, most, tasks, seconds: (performance.now() - began) / 1000 };
  });
  const longest = Math.max(0, ...measured.tasks);
  console.log(
    `${MANY} messages: ${measured.frames} frames in ${measured.seconds.toFixed(1)} s, ${measured.tasks.length} tasks over 50 ms, the longest ${longest.toFixed(0)} ms, at most ${measured.most} messages in the page`,
  );
  expect(measured.reached).toBe(true);
  expect(measured.most).toBeLessThan(120);
  expect(longest).toBeLessThan(LOOSE_MS);
  await leave(ada);
});

test("no script of the build asks for what the policy forbids", () => {
  const assets = new URL("../../../web/app/dist/assets/", import.meta.url).pathname;
  for (const name of readdirSync(assets).filter((each) => each.endsWith(".js"))) {
    expect(readFileSync(join(assets, name), "utf8"), name).not.toMatch(/\beval\(|new Function\(/);
  }
});

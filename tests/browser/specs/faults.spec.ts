import { expect, test, type Page } from "@playwright/test";
import { arrive, call, direct, leave, message, say, stored, write } from "../people";

interface Fault {
  readonly id: number;
}

/** Has the twin make something go wrong. */
async function fault(url: string, body: object): Promise<void> {
  await call<Fault>(url, null, "POST", "/_local/faults", body);
}

async function mend(url: string): Promise<void> {
  await call(url, null, "DELETE", "/_local/faults");
}

test.afterEach(async ({ baseURL }) => mend(baseURL ?? ""));

test("two people talk on while every socket is dropped twice and one post in five is refused as gone", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const [ada, ben] = await Promise.all([arrive(browser, url, "Ada"), arrive(browser, url, "Ben")]);
  const id = await direct(url, ada, ben);
  await Promise.all([ada.page.goto(`/c/${id}`), ben.page.goto(`/c/${id}`)]);
  await expect(ada.page.getByText("No messages yet.")).toBeVisible();
  await fault(url, { kind: "posts", action: "gone", share: 0.2 });
  const expected: string[] = [];
  let count = 0;
  for (let round = 0; round < 3; round++) {
    if (round > 0) await fault(url, { kind: "sockets" });
    for (let index = 0; index < 7; index++) {
      const who = index % 2 === 0 ? ada : ben;
      expected.push(`round ${round}, ${++count}`);
      if (index < 5) await write(who.page, `round ${round}, ${count}`);
      else await say(url, who, id, `round ${round}, ${count}`);
    }
  }
  await stored(url, ada, id, expected.length);
  // Who was given up as gone hears nothing more on a socket that lives on, but asks every 25 seconds, or when its page wakes.
  await mend(url);
  for (const page of [ada.page, ben.page]) await page.evaluate(() => window.dispatchEvent(new Event("online")));
  const history = await call<{ items: { content: string }[] }>(url, ada.token, "GET", `/api/messages/conversation/${id}?after=0&limit=100`);
  const contents = history.items.map((item) => item.content);
  expect([...contents].sort()).toEqual([...expected].sort());
  for (const page of [ada.page, ben.page]) await whole(page, contents);
  await write(ada.page, "the last word");
  // Looking for all of them has left the end, where what comes is read.
  await expect
    .poll(async () => {
      await ben.page.locator(".messages").evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
      return message(ben.page, "the last word").count();
    })
    .toBe(1);
  await expect(message(ben.page, "the last word")).toBeInViewport();
  await expect(message(ada.page, "the last word").getByRole("img", { name: "Read" })).toBeVisible();
  await leave(ada, ben);
});

/** Holds a page to showing these texts, all of them and in this order. */
async function whole(page: Page, contents: readonly string[]): Promise<void> {
  const list = page.locator(".messages");
  const seen = new Map<number, string>();
  await expect
    .poll(
      async () => {
        const rows = await page.locator("[data-seq]").evaluateAll((all) => all.map((each) => [Number((each as HTMLElement).dataset["seq"]), each.querySelector(".text")?.textContent ?? ""] as const));
        for (const [seq, text] of rows) seen.set(seq, text);
        await list.evaluate((element, up) => element.scrollBy(0, up ? -400 : 400), seen.size % 2 === 0 || !seen.has(1));
        return [...seen.entries()].sort(([one], [other]) => one - other).map(([, text]) => text);
      },
      { timeout: 60_000, intervals: [100] },
    )
    .toEqual(contents);
}

import { expect, test, type JSHandle, type Page } from "@playwright/test";
import { deflateSync } from "node:zlib";
import { account, arrive, direct, leave, message, messages, type Person } from "../people";

/** A picture of stripes, made here so that no file has to be kept. */
function png(width: number, height: number): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (width * 3 + 1) + 1 + x * 3;
      rows.set([(40 + (x * 160) / width) & 255, (110 + (y * 110) / height) & 255, ((x + y) >> 5) % 2 ? 150 : 175], at);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind), data]);
  let sum = 0xffffffff;
  for (const byte of body) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(data.length);
  check.writeUInt32BE((sum ^ 0xffffffff) >>> 0);
  return Buffer.concat([size, body, check]);
}

/** Files as a browser hands them over that are dragged in, or pasted. */
function carry(page: Page, name: string, text: string): Promise<JSHandle<DataTransfer>> {
  return page.evaluateHandle(
    ([fileName, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([content ?? ""], fileName ?? "", { type: "text/plain" }));
      return data;
    },
    [name, text],
  );
}

test("a file that is dropped and one that is pasted are attached and sent", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const ben = await account(url, "Ben");
  const ada = await arrive(browser, url, "Ada");
  const { page } = ada;
  await page.goto(`/c/${await direct(url, ada, ben)}`);
  const [chat, field] = [page.locator("main.chat"), page.getByRole("textbox", { name: /Write to/ })];
  const dropped = await carry(page, "dropped.txt", "let fall");
  await chat.dispatchEvent("dragover", { dataTransfer: dropped });
  await expect(page.getByText("Drop files to attach them")).toBeVisible();
  await chat.dispatchEvent("drop", { dataTransfer: dropped });
  await expect(page.getByText("Drop files to attach them")).toBeHidden();
  const pasted = await carry(page, "pasted.txt", "stuck on");
  await field.evaluate((element, clipboardData) => element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true })), pasted);
  const files = page.getByRole("list", { name: "Files" });
  await expect(files.getByRole("listitem")).toContainText(["dropped.txt", "pasted.txt"]);
  await expect(page.locator(".upload progress")).toHaveCount(0);
  // Where they went, it can be written on, and sent from.
  await expect(field).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(files).toBeHidden();
  const sent = messages(page).first();
  for (const name of ["dropped.txt", "pasted.txt"]) await expect(sent.getByRole("button", { name: new RegExp(name) })).toContainText("8 B");
  await expect(sent.getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();

  // A text that is dragged over is no file.
  const text = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.setData("text/plain", "a text");
    return data;
  });
  await chat.dispatchEvent("dragover", { dataTransfer: text });
  await expect(page.getByText("Drop files to attach them")).toBeHidden();
  await leave(ada);
});

test("a picture and a file are uploaded, sent, shown to the other and opened", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const [ada, ben] = await Promise.all([arrive(browser, url, "Ada"), arrive(browser, url, "Ben")]);
  const id = await direct(url, ada, ben);
  await Promise.all([ada.page.goto(`/c/${id}`), ben.page.goto(`/c/${id}`)]);
  await ada.page.locator('input[type="file"]').setInputFiles([
    { name: "stripes.png", mimeType: "image/png", buffer: png(640, 480) },
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes") },
  ]);
  await expect(ada.page.getByRole("list", { name: "Files" }).getByRole("listitem")).toHaveCount(2);
  await ada.page.getByRole("textbox", { name: /Write to/ }).fill("The colours we talked about");
  await expect(ada.page.locator(".upload progress")).toHaveCount(0);
  await ada.page.getByRole("button", { name: "Send" }).click();
  const got = message(ben.page, "The colours we talked about");
  await expect(got).toBeVisible();
  const picture = got.locator("img");
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth)).toBe(640);
  await expect(got.getByRole("button", { name: /notes.txt/ })).toContainText("10 B");
  await got.getByRole("button", { name: "Open stripes.png" }).click();
  await expect(ben.page.getByRole("dialog", { name: "stripes.png" }).getByRole("img")).toBeVisible();
  await ben.page.keyboard.press("Escape");
  const opened = ben.context.waitForEvent("page");
  await got.getByRole("button", { name: /notes.txt/ }).click();
  await (await opened).close();
  await ben.page.reload();
  await expect.poll(() => message(ben.page, "The colours").locator("img").evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth)).toBe(640);
  await expect(messages(ada.page)).toHaveCount(1);

  // One that is taken back before it is sent, and one that is too large.
  await ada.page.locator('input[type="file"]').setInputFiles([{ name: "wrong.txt", mimeType: "text/plain", buffer: Buffer.from("x") }]);
  await ada.page.getByRole("button", { name: "Remove wrong.txt" }).click();
  await expect(ada.page.getByRole("list", { name: "Files" })).toBeHidden();
  await ada.page.locator('input[type="file"]').setInputFiles([{ name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) }]);
  await expect(ada.page.getByText("must not be empty")).toBeVisible();
  await leave(ada, ben);
});

/** Lets so much out of somebody's browser in a second; null ends it. */
async function slowDown({ context, page }: Person): Promise<(bytesPerSecond: number | null) => Promise<void>> {
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  return async (bytesPerSecond) => {
    await session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond ?? -1 });
  };
}

test("how far an upload has come is shown; one is given up on the way, and one that failed is tried again", async ({ browser, baseURL }) => {
  const url = baseURL ?? "";
  const [ada, ben] = await Promise.all([arrive(browser, url, "Ada"), arrive(browser, url, "Ben")]);
  const id = await direct(url, ada, ben);
  await Promise.all([ada.page.goto(`/c/${id}`), ben.page.goto(`/c/${id}`)]);
  const { page } = ada;
  const [files, send] = [page.getByRole("list", { name: "Files" }), page.getByRole("button", { name: "Send", exact: true })];
  const bar = (name: string) => page.getByRole("progressbar", { name: `Uploading ${name}` });
  const begin = async (name: string) => {
    await page.locator('input[type="file"]').setInputFiles([{ name, mimeType: "application/octet-stream", buffer: Buffer.alloc(4 * 1024 * 1024, 7) }]);
    await expect(bar(name)).toBeVisible();
  };
  const far = (name: string) => bar(name).evaluate((element: HTMLProgressElement) => element.position);
  const isUnderWay = async (name: string) => {
    await expect.poll(() => far(name), { intervals: [50] }).toBeGreaterThan(0);
    const before = await far(name);
    expect(before).toBeLessThan(1);
    await expect.poll(() => far(name), { intervals: [50] }).toBeGreaterThan(before);
    expect(await far(name)).toBeLessThan(1);
    await expect(send).toBeDisabled();
  };
  const setSpeed = await slowDown(ada);

  await setSpeed(200 * 1024);
  await begin("given-up.bin");
  await isUnderWay("given-up.bin");
  const ended = page.waitForEvent("requestfailed", (request) => request.method() === "POST");
  await page.getByRole("button", { name: "Remove given-up.bin" }).click();
  expect((await ended).failure()?.errorText).toBe("net::ERR_ABORTED");
  await expect(files).toBeHidden();

  await begin("slow.bin");
  await isUnderWay("slow.bin");
  await setSpeed(null);
  await expect(bar("slow.bin")).toHaveCount(0);
  // The store of files is not to be had once.
  await page.route(
    (address) => !address.pathname.startsWith("/api/"),
    (route) => (route.request().method() === "POST" ? route.abort("connectionreset") : route.fallback()),
  );
  await page.locator('input[type="file"]').setInputFiles([{ name: "again.txt", mimeType: "text/plain", buffer: Buffer.from("once more") }]);
  const failed = files.getByRole("listitem").filter({ hasText: "again.txt" });
  await expect(failed).toContainText("There is no connection to the server.");
  await expect(send).toBeDisabled();
  await page.unrouteAll();
  await failed.getByRole("button", { name: "Try again" }).click();
  await expect(failed).toContainText("9 B");
  await expect(bar("again.txt")).toHaveCount(0);
  await send.click();
  const got = messages(ben.page).first();
  await expect(got.getByRole("button", { name: /slow.bin/ })).toContainText("4.0 MB");
  await expect(got.getByRole("button", { name: /again.txt/ })).toContainText("9 B");
  await expect(got.getByRole("button", { name: /given-up/ })).toHaveCount(0);
  await leave(ada, ben);
});

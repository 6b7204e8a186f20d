import chromium from "@sparticuz/chromium";
import { defineConfig } from "@playwright/test";

// The browser of the package draws without a graphics card or system libraries. What its arguments say of the page's security
// (no sandbox apart) is left out: the tests must see what a person's browser sees.
const FOR_SERVERS = /^--(single-process|no-zygote|disable-web-security|allow-running-insecure-content|disable-site-isolation-trials|headless|window-size|user-data-dir|disable-features=.*)/;

export default defineConfig({
  testDir: "specs",
  outputDir: process.env["BROWSER_RESULTS"] ?? "results",
  workers: 1,
  timeout: 100_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env["STACK_URL"] ?? "http://localhost:8000",
    actionTimeout: 30_000,
    navigationTimeout: 30_000,
    locale: "en-GB",
    timezoneId: "UTC",
    viewport: { width: 1280, height: 800 },
    trace: "off",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: await chromium.executablePath(),
      // Without a graphics card it would draw by a made-up one, in tasks of the page's own thread that no person's browser has.
      args: [...chromium.args.filter((argument) => !FOR_SERVERS.test(argument)), "--disable-gpu"],
    },
  },
});

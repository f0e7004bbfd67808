// Browser tests: Debian's Chromium against a real `tessera serve` on fresh data.
import { homedir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

const target =
  process.env.CARGO_TARGET_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tessera/target");

export default defineConfig({
  testDir: "tests",
  outputDir: join(target, "console/results"),
  globalSetup: "./tests/setup.ts",
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Vienna",
    viewport: { width: 1280, height: 800 },
    trace: process.env.TRACE ? "retain-on-failure" : "off",
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
  },
});

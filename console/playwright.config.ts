// Browser tests: Debian's Chromium against a real `tessera serve` on fresh data.
import { homedir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

const target =
  process.env.CARGO_TARGET_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tessera/target");

export default defineConfig({
  testDir: "tests",
  projects: [
    { name: "console", testIgnore: ["served.spec.ts", "readme.spec.ts", "budget.spec.ts"] },
    // Pictures are taken of what is left when nobody tries things out, times when nothing else runs. `--no-deps` has
    // them without what comes before.
    { name: "readme", testMatch: "readme.spec.ts", dependencies: ["console"] },
    { name: "budget", testMatch: "budget.spec.ts", dependencies: ["console", "readme"] },
    // A console that a development server serves has not the headers of the binary's.
    ...(process.env.CONSOLE_URL ? [] : [{ name: "served", testMatch: "served.spec.ts" }]),
  ],
  outputDir: join(target, "console/results"),
  globalSetup: "./tests/setup.ts",
  fullyParallel: false,
  workers: 2,
  retries: 0,
  // A machine that has much else to do is slow, and no less right: what is waited for is a condition, never a time.
  timeout: 240_000,
  expect: { timeout: 60_000, toPass: { timeout: 120_000 } },
  // The second is what `cargo xtask status` reads.
  reporter: [["list"], ["junit", { outputFile: join(target, "console/junit.xml") }]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Vienna",
    viewport: { width: 1280, height: 800 },
    // Nothing fades in: what is looked at is what stays.
    contextOptions: { reducedMotion: "reduce" },
    trace: process.env.TRACE ? "retain-on-failure" : "off",
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
  },
});

// Every page in every light: as it is, dark, narrow, empty, failing, forbidden, on its way, with ten thousand rows; axe
// on each, and a picture of each.
import type { Page } from "@playwright/test";
import { cases, manyAnswer } from "./cases";
import { as, axe, COLOURS, expect, settled, shot, signIn, test, world } from "./world";

// Each is on its own: they are shared out.
test.describe.configure({ mode: "parallel" });

async function open(page: Page, path: string, title: RegExp) {
  await page.goto(world().edge + path);
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
  await settled(page);
}

/** Puts a metric into the cart, where a page is about what is in it. */
async function fill(page: Page, name: string) {
  if (name !== "required") return;
  await page.goto(`${world().edge}/meaning/metrics`);
  await page.getByRole("checkbox", { name: "Choose Loss ratio" }).check();
  await page.getByRole("button", { name: "Add to cart" }).click();
}

for (const one of cases) {
  test(`${one.name}: light, dark, narrow`, async ({ page }) => {
    await as(page, world().admin);
    const path = await one.path();
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await fill(page, one.name);
    await open(page, path, one.title);
    await axe(page);
    await shot(page, one.name);
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
    await axe(page, COLOURS);
    await shot(page, `${one.name}-dark`);
    await page.setViewportSize({ width: 420, height: 800 });
    await expect(page.getByRole("button", { name: "Open the menu" })).toBeVisible();
    await expect(async () =>
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420),
    ).toPass();
    await axe(page);
    await shot(page, `${one.name}-narrow`);
  });
}

for (const one of cases) {
  const { asks } = one;
  if (!asks) continue;
  test(`${one.name}: on its way, failing`, async ({ page }) => {
    await as(page, world().admin);
    const path = await one.path();
    await fill(page, one.name);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(asks, async (route) => {
      await held;
      return route.fulfill({
        status: 500,
        contentType: "application/json",
        body: JSON.stringify({
          code: 13,
          status: "INTERNAL",
          message: "internal error",
          details: [],
          request_id: "01a1fd29-1808-705a-813b-fc664e170b2a",
        }),
      });
    });
    await page.goto(world().edge + path);
    await page.locator("h1").first().waitFor();
    // An outline stands where the answer will be; nothing moves when it comes.
    await expect(page.locator('[aria-busy="true"], [role="status"][aria-label="Loading"]').first()).toBeVisible();
    await axe(page);
    await shot(page, `${one.name}-loading`);
    release();
    await expect(page.getByRole("alert").first()).toBeVisible();
    if (!asks.includes("openapi"))
      await expect(page.getByRole("button", { name: "Copy request id" }).first()).toBeVisible();
    await axe(page);
    await shot(page, `${one.name}-error`);
    // The way on is there, and works.
    await page.unroute(asks);
    await page.getByRole("button", { name: "Try again" }).first().click();
    await expect(page.getByRole("alert")).toHaveCount(0);
  });
}

test("no page is shown to someone who may not see it", async ({ page }) => {
  test.setTimeout(900_000);
  await as(page, world().narrow);
  await open(page, "/", /Home/);
  for (const one of cases.filter((other) => !other.open)) {
    await test.step(one.name, async () => {
      const path = await one.path();
      // As a link of the page does it, without loading all again.
      await page.evaluate((to) => history.pushState(null, "", to), path);
      await expect(page).toHaveURL(world().edge + path);
      await expect(page.getByRole("heading", { level: 1, name: /You may not (see|create)/ })).toBeVisible();
      const rail = page.getByRole("navigation", { name: "Pages" });
      await expect(rail.getByRole("link", { name: "Entities" })).toHaveCount(0);
      await axe(page);
      await shot(page, `${one.name}-forbidden`);
      await page.evaluate(() => history.pushState(null, "", "/"));
      await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
    });
  }
});

test("every page that the rail leads to is among these", async ({ page }) => {
  await as(page, world().admin);
  await open(page, "/", /Home/);
  const links = await page.getByRole("navigation", { name: "Pages" }).getByRole("link").all();
  const there = await Promise.all(links.map((link) => link.getAttribute("href")));
  expect(there.length).toBeGreaterThan(14);
  const tried = await Promise.all(cases.map((one) => one.path()));
  expect(there.filter((path) => !tried.some((one) => one.split("?")[0] === path))).toEqual([]);
});

test("home of someone who may do nothing says so, and offers only what they may", async ({ page }) => {
  await as(page, world().narrow);
  await open(page, "/", /Home/);
  await expect(page.getByRole("link", { name: "Entities" })).toHaveCount(0);
  await axe(page);
  await shot(page, "home-forbidden");
});

test("home while the server does not answer says so, and is whole again by itself", async ({ page }) => {
  await as(page, world().admin);
  let held = true;
  await page.route(/\/(readyz|api)/, (route) => (held ? route.abort() : route.fallback()));
  await page.goto(world().edge);
  await expect(page.getByRole("alert").first()).toBeVisible();
  await axe(page);
  await shot(page, "home-error");
  held = false;
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
});

test("home on its way has an outline", async ({ page }) => {
  await as(page, world().admin);
  await page.route("**/api/v1/identity/self", () => {});
  await page.goto(world().edge);
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await shot(page, "home-loading");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

for (const one of cases) {
  const { empty, asks } = one;
  if (!empty) continue;
  test(`${one.name}: empty`, async ({ page }) => {
    await as(page, world().admin);
    const { answer } = empty;
    if (answer && asks) await page.route(asks, (route) => route.fulfill({ json: answer }));
    await open(page, await one.path(), one.title);
    await expect(page.getByRole("heading", { level: 2, name: empty.says })).toBeVisible();
    await axe(page);
    await shot(page, `${one.name}-empty`);
  });
}

test("a tenant without anything teaches on every page", async ({ page }) => {
  await page.goto(world().edge);
  await signIn(page, "root@example.com", world().password, "empty");
  await expect(page.getByRole("alert")).toContainText("needs a new password");
  await page.getByRole("textbox", { name: "New password" }).fill("quite another pass phrase");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  await settled(page);
  await axe(page);
  await shot(page, "home-empty");
  // It has its administrator, and services tell each other of what made it; it has no metric to publish.
  const lists = cases.filter(
    (one) => one.empty && !/^(api|users|table-rows|group-members|metric-published|messaging.*)$/.test(one.name),
  );
  for (const one of lists) {
    await open(page, await one.path(), one.title);
    await expect(page.getByRole("heading", { level: 2, name: one.empty?.says })).toBeVisible();
    await axe(page);
  }
});

for (const one of cases) {
  const { many, asks } = one;
  if (!many || !asks) continue;
  test(`${one.name}: ten thousand`, async ({ page }) => {
    await as(page, world().admin);
    await fill(page, one.name);
    await page.route(asks, (route) => route.fulfill({ json: manyAnswer(many, new URL(route.request().url())) }));
    await open(page, await one.path(), one.title);
    const said = page.getByText(many.says, typeof many.says === "string" ? { exact: true } : {}).first();
    if (many.atOnce) await expect(said).toBeVisible();
    else {
      const grid = page.getByRole("grid", { name: many.grid }).first();
      await grid.focus();
      await expect(async () => {
        await page.keyboard.press("End");
        await expect(grid).toHaveAttribute("aria-rowcount", "10001", { timeout: 200 });
      }).toPass({ intervals: [20] });
      await page.keyboard.press("End");
      await expect(said).toBeVisible();
      // Only what one looks at is drawn.
      expect(await grid.getByRole("row").count()).toBeLessThan(80);
    }
    await settled(page);
    await axe(page);
    await shot(page, `${one.name}-10000`);
  });
}

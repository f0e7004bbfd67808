// Every page in every light: as it is, dark, narrow, empty, failing, forbidden, on its way; axe on each.
import type { Page } from "@playwright/test";
import { api, as, axe, expect, settled, shot, signIn, test, world } from "./world";

interface Case {
  name: string;
  path: () => Promise<string>;
  /** The heading of the page when all is well. */
  title: RegExp;
  /** What the edge is asked for; without it nothing can fail or be missing. */
  asks?: string;
}

const fixed = (path: string) => async () => path;
const first =
  (list: string, field: string, home: string, tab = "") =>
  async () => {
    const answer = await api(world().edge, world().admin)("GET", list);
    const one = (answer[field] as { id: string }[])[0];
    return `${home}/${one?.id}${tab}`;
  };
const byCode =
  (kind: string, code: string, home: string, tab = "") =>
  async () => {
    const one = await api(world().edge, world().admin)("GET", `/api/v1/metadata/${kind}/by-code/${code}`);
    return `${home}/${one.id as string}${tab}`;
  };

const cases: Case[] = [
  { name: "home", path: fixed("/"), title: /Home/ },
  { name: "metrics", path: fixed("/meaning/metrics"), title: /Metrics/, asks: "**/api/v1/metadata/metrics?**" },
  {
    name: "metric",
    path: byCode("metrics", "loss_ratio", "/meaning/metrics"),
    title: /Loss ratio/,
    asks: "**/api/v1/metadata/metrics/*",
  },
  {
    name: "metric-formula",
    path: byCode("metrics", "claims_paid", "/meaning/metrics", "?tab=formula"),
    title: /Claims paid/,
  },
  {
    name: "metric-objects",
    path: byCode("metrics", "loss_ratio", "/meaning/metrics", "?tab=objects"),
    title: /Loss ratio/,
  },
  {
    name: "metric-benchmarks",
    path: byCode("metrics", "loss_ratio", "/meaning/metrics", "?tab=benchmarks"),
    title: /Loss ratio/,
  },
  {
    name: "metric-metadata",
    path: byCode("metrics", "loss_ratio", "/meaning/metrics", "?tab=metadata"),
    title: /Loss ratio/,
  },
  {
    name: "metric-edit",
    path: byCode("metrics", "claims_paid", "/meaning/metrics", "?edit=1"),
    title: /Edit Claims paid/,
  },
  { name: "metric-new", path: fixed("/meaning/metrics/new"), title: /New metric/ },
  { name: "required", path: fixed("/meaning/required"), title: /Required objects/ },
  { name: "entities", path: fixed("/meaning/entities"), title: /Entities/, asks: "**/api/v1/metadata/entities?**" },
  {
    name: "entities-diagram",
    path: fixed("/meaning/entities?view=diagram"),
    title: /Entities/,
    asks: "**/api/v1/metadata/graph/uml**",
  },
  {
    name: "entity",
    path: byCode("entities", "policy", "/meaning/entities"),
    title: /Policy/,
    asks: "**/api/v1/metadata/entities/*",
  },
  { name: "entity-diagram", path: byCode("entities", "policy", "/meaning/entities", "?tab=diagram"), title: /Policy/ },
  { name: "entity-history", path: byCode("entities", "policy", "/meaning/entities", "?tab=history"), title: /Policy/ },
  { name: "entity-edit", path: byCode("entities", "policy", "/meaning/entities", "?edit=1"), title: /Edit Policy/ },
  { name: "entity-new", path: fixed("/meaning/entities/new"), title: /New entity/ },
  {
    name: "value-chains",
    path: fixed("/meaning/value-chains"),
    title: /Value chains/,
    asks: "**/api/v1/metadata/value-chains?**",
  },
  {
    name: "value-chain",
    path: byCode("value-chains", "retail_health", "/meaning/value-chains"),
    title: /Retail health/,
    asks: "**/api/v1/metadata/value-chains/*",
  },
  {
    name: "relationships",
    path: fixed("/meaning/relationships"),
    title: /Relationships/,
    asks: "**/api/v1/metadata/relationships?**",
  },
  {
    name: "relationship",
    path: byCode("relationships", "policy_held_by_member", "/meaning/relationships"),
    title: /is held by/,
    asks: "**/api/v1/metadata/relationships/*",
  },
  { name: "relationship-new", path: fixed("/meaning/relationships/new"), title: /New relationship/ },
  { name: "users", path: fixed("/platform/users"), title: /Users/, asks: "**/api/v1/identity/users?**" },
  {
    name: "user",
    path: first("/api/v1/identity/users", "users", "/platform/users"),
    title: /Ada|Admin|Vera/,
    asks: "**/api/v1/identity/users/*",
  },
  { name: "user-new", path: fixed("/platform/users/new"), title: /New user/ },
  { name: "groups", path: fixed("/platform/groups"), title: /Groups/, asks: "**/api/v1/identity/groups?**" },
  {
    name: "group",
    path: first("/api/v1/identity/groups", "groups", "/platform/groups"),
    title: /Analysts/,
    asks: "**/api/v1/identity/groups/*",
  },
  { name: "tokens", path: fixed("/platform/tokens"), title: /API tokens/, asks: "**/api/v1/identity/tokens**" },
  { name: "token-new", path: fixed("/platform/tokens/new"), title: /New API token/ },
  { name: "api", path: fixed("/platform/api"), title: /API reference/, asks: "**/openapi.json" },
];

async function open(page: Page, path: string, title: RegExp) {
  await page.goto(world().edge + path);
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
  await settled(page);
}

for (const one of cases) {
  test(`${one.name}: light, dark, narrow`, async ({ page }) => {
    await as(page, world().admin);
    const path = await one.path();
    await page.emulateMedia({ colorScheme: "light" });
    await open(page, path, one.title);
    await axe(page);
    await shot(page, one.name);
    await page.emulateMedia({ colorScheme: "dark" });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
    await axe(page);
    await shot(page, `${one.name}-dark`);
    await page.setViewportSize({ width: 420, height: 800 });
    await expect(page.getByRole("button", { name: "Open the menu" })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
    await axe(page);
    await shot(page, `${one.name}-narrow`);
  });

  if (!one.asks) continue;
  const asks = one.asks;
  test(`${one.name}: on its way, failing`, async ({ page }) => {
    await as(page, world().admin);
    const path = await one.path();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let fail = false;
    await page.route(asks, async (route) => {
      if (fail) {
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
      }
      await held;
      return route.abort();
    });
    await page.goto(world().edge + path);
    await page.locator("h1").first().waitFor();
    await shot(page, `${one.name}-loading`);
    await axe(page);
    fail = true;
    release();
    await page.goto(world().edge + path);
    await expect(page.getByRole("alert").first()).toBeVisible({ timeout: 20_000 });
    if (!asks.includes("openapi"))
      await expect(page.getByRole("button", { name: "Copy request id" }).first()).toBeVisible();
    await axe(page);
    await shot(page, `${one.name}-error`);
  });

  test(`${one.name}: not allowed`, async ({ page }) => {
    test.skip(one.name === "api" || one.name === "tokens", "everyone may see it");
    await as(page, world().narrow);
    await page.goto(world().edge + (await one.path()));
    await expect(page.getByRole("heading", { name: /You may not see/ })).toBeVisible();
    await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Entities" })).toHaveCount(
      0,
    );
    await axe(page);
    await shot(page, `${one.name}-forbidden`);
  });
}

test("empty pages teach", async ({ page }) => {
  await page.goto(world().edge);
  await signIn(page, "root@example.com", world().password, "empty");
  await expect(page.getByRole("alert")).toContainText("needs a new password");
  await page.getByRole("textbox", { name: "New password" }).fill("quite another pass phrase");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  for (const name of ["metrics", "entities", "entities-diagram", "relationships", "groups", "tokens", "required"]) {
    const one = cases.find((other) => other.name === name);
    if (!one) continue;
    await open(page, await one.path(), one.title);
    await expect(page.getByRole("heading", { level: 2, name: /^No |Nothing|empty/i }).first()).toBeVisible();
    await axe(page);
    await shot(page, `${name}-empty`);
  }
});

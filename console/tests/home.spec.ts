// Home: the lamps of the services, figures that change while one looks, and what is said when nobody answers.
import { api, as, axe, expect, settled, shot, test, world } from "./world";

/** Proves: UI-DEMO-01 */
test("the lamp of each service turns with its state", async ({ page }) => {
  await as(page, world().admin);
  let waiting: string[] = [];
  await page.route("**/readyz", (route) =>
    route.fulfill({
      status: waiting.length > 0 ? 503 : 200,
      json: { status: waiting.length > 0 ? "waiting" : "ready", waiting },
    }),
  );
  await page.goto(world().edge);
  const services = page.getByRole("list", { name: "Services" });
  const lamp = (service: string) => services.getByRole("listitem").filter({ hasText: service });
  for (const service of ["calculation", "identity", "metadata", "simulation", "warehouse"])
    await expect(lamp(service)).toContainText("Ready");
  await expect(page.getByText("All ready")).toBeVisible();
  waiting = ["tessera.warehouse.v1.WarehouseService: the database does not answer"];
  await expect(lamp("warehouse")).toContainText("Not ready");
  await expect(lamp("warehouse")).toContainText("the database does not answer");
  await expect(lamp("metadata")).toContainText(/^metadata\s*Ready/);
  await expect(page.getByText("Not all is ready")).toBeVisible();
  await axe(page);
  await shot(page, "home-not-ready");
  waiting = [];
  await expect(lamp("warehouse")).toContainText(/^warehouse\s*Ready/);
});

/** Proves: UI-DEMO-02 */
test("each quick action opens the page that it names", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(world().edge);
  await settled(page);
  const actions = page.getByRole("list", { name: "Go on with" }).getByRole("link");
  const names = await actions.allInnerTexts();
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) {
    await actions.filter({ hasText: new RegExp(`^${name}$`) }).click();
    await expect(page.getByRole("heading", { level: 1, name, exact: true })).toBeVisible();
    await page.goBack();
    await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  }
});

/** Proves: UI-DEMO-03 */
test("a figure follows a new row within seconds, by the stream, without a reload", async ({ page }) => {
  await as(page, world().admin);
  const call = api(world().edge, world().admin);
  const metric = await call("GET", "/api/v1/metadata/metrics/by-code/claims_count");
  await page.goto(`${world().edge}/meaning/metrics/${metric.id as string}`);
  await page.getByRole("button", { name: "Pin Claims to Home" }).click();
  const listens = page.waitForRequest(/messages:tail/);
  await page.getByRole("link", { name: "Home" }).click();
  await listens;
  const tile = page.getByRole("main").getByRole("link", { name: /^Claims/ });
  await expect(tile).toContainText("so far");
  await settled(page);
  // From here on nothing is asked for but by what the stream says: figures are asked for by the clock once a minute.
  await page.evaluate(() => Object.assign(window, { same: true }));
  const figure = async () => Number(/^Claims\D*(\d+)/.exec(await tile.innerText())?.[1]);
  const before = await figure();
  const now = new Date().toISOString();
  await call("POST", "/api/v1/warehouse/tables/claim/records:write", {
    records: [{ claim_id: `console-${now}`, policy_id: "P-1", member_id: "M-1", filed_at: now, amount: "10.00" }],
  });
  const written = Date.now();
  await expect.poll(figure, { timeout: 45_000, intervals: [50] }).toBe(before + 1);
  console.log(`a new row is in the figure after ${Date.now() - written} ms`);
  expect(await page.evaluate(() => "same" in window)).toBe(true);
  await settled(page);
  await axe(page);
  await tile.click();
  await page.getByRole("button", { name: "Take Claims off Home" }).click();
});

test("while nobody answers the page says of when it is, and goes on by itself", async ({ page, context }) => {
  await as(page, world().admin);
  await page.goto(world().edge);
  await settled(page);
  await context.setOffline(true);
  await expect(page.getByText(/The server does not answer. What you see is of \d/)).toBeVisible();
  await expect(page.getByText("Reconnecting…")).toBeVisible();
  await expect(page.getByRole("main").getByRole("link", { name: /^Retention rate/ })).toContainText("%");
  await axe(page);
  await shot(page, "home-lost");
  await context.setOffline(false);
  await expect(page.getByText("Connected")).toBeVisible();
  await expect(page.getByText(/The server does not answer/)).toHaveCount(0);
});

// The page of one metric: its tabs, what can be done with its chart, its formula, its actions.
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { api, as, axe, expect, metricOver, month, settled, shot, test, world } from "./world";

async function open(page: Page, tab = "", code = "retention_rate") {
  await as(page, world().admin);
  const metric = await api(world().edge, world().admin)("GET", `/api/v1/metadata/metrics/by-code/${code}`);
  await page.goto(`${world().edge}/meaning/metrics/${metric.id as string}${tab && `?tab=${tab}`}`);
  await settled(page);
}

/** Proves: UI-KPI-01 */
test("each tab of a metric shows what is known of it", async ({ page }) => {
  await open(page);
  const tab = (name: string) => page.getByRole("tab", { name, exact: true }).click();
  await expect(page.getByRole("img", { name: "Retention rate by month" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Explain this number" })).toBeVisible();
  await tab("Formula");
  await expect(page.getByLabel("Formula").first()).toContainText("(end - new) / start");
  await tab("Objects");
  await expect(page.getByRole("region", { name: "What Retention rate needs" })).toBeVisible();
  await tab("Benchmarks");
  const industry = page.getByRole("row", { name: /Industry/ });
  await expect(industry).toContainText("88.0%");
  await expect(industry).toContainText("Yearly report of the association");
  await expect(industry).toContainText("pts");
  await expect(page.getByText("90.0% or more")).toBeVisible();
  await tab("Metadata");
  await expect(page.getByText("policy.line_of_business, policy.region_code")).toBeVisible();
  await expect(page.getByRole("heading", { name: "History" })).toBeVisible();
});

/** Proves: UI-KPI-02 */
test("the structure of a formula is that of the formula", async ({ page }) => {
  await open(page, "formula");
  const picture = page.getByRole("region", { name: "The structure of Retention rate" });
  for (const part of ["/", "-", "end", "new", "start"])
    await expect(picture.getByText(part, { exact: true })).toBeVisible();
  await expect(picture.locator(".react-flow__edge")).toHaveCount(4);
});

test("a metric is published, told how it came about, and taken back", async ({ page }) => {
  await open(page, "published");
  await expect(page.getByRole("heading", { level: 2, name: "Nothing was published yet" })).toBeVisible();
  // The way to a schedule has what it is of filled in.
  await page.getByRole("link", { name: "Publish on a schedule" }).click();
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Publish Retention rate");
  await expect(page.getByRole("combobox", { name: "Kind of work" })).toHaveValue("Publishes a metric");
  await page.goBack();
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Publish Retention rate" });
  await dialog.getByLabel("The latest").fill("3");
  await axe(page);
  await shot(page, "metric-publish");
  await dialog.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(page.getByText("Retention rate is published")).toBeVisible();
  const rows = page.getByRole("grid", { name: "Publications" });
  await expect(rows.getByText("3 rows")).toBeVisible();
  await expect(page.getByRole("img", { name: /What was published of Retention rate/ })).toBeVisible();
  await axe(page);
  await shot(page, "metric-published-rows");
  await rows.getByText("3 rows").click();
  const drawer = page.getByRole("dialog", { name: /Retention rate, / });
  await expect(drawer.getByRole("heading", { name: "How the first value came about" })).toBeVisible();
  await expect(drawer.getByRole("grid", { name: "Published values" }).getByRole("row")).toHaveCount(4);
  await axe(page);
  await shot(page, "metric-publication");
  await drawer.getByRole("button", { name: "Take back" }).click();
  await page
    .getByRole("dialog", { name: "Take this publication back?" })
    .getByRole("button", { name: "Take back" })
    .click();
  await expect(page.getByRole("heading", { level: 2, name: "Nothing was published yet" })).toBeVisible();
});

/** Proves: UI-KPI-03 */
test("a required object leads to its page", async ({ page }) => {
  await open(page, "objects");
  await page.getByRole("main").getByRole("link", { name: "Policy" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Policy" })).toBeVisible();
  await expect(page).toHaveURL(/\/meaning\/entities\//);
});

/** Proves: UI-KPI-04 */
test("a metric goes into the cart, and a metric derived from it begins with it", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByRole("link", { name: "Required objects" }).click();
  await expect(page.getByText("1 metric chosen")).toBeVisible();
  await expect(page.getByRole("list", { name: "In the cart" })).toContainText("Retention rate");
  await page.goBack();
  await page.getByRole("link", { name: "Derive" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Derive a metric from Retention rate" })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Formula" })).toHaveText(/retention_rate \* 1/);
  await expect(page.locator('[data-field="module"] input').first()).toHaveValue("Retention");
});

/** Proves: UI-CONFIG-05 */
test("what is derived is tried out first, then stands in the tree", async ({ page }) => {
  await open(page);
  await page.getByRole("link", { name: "Derive" }).click();
  const formula = page.getByRole("textbox", { name: "Formula" });
  await formula.fill("1 - retention_rate");
  const last = month(-1);
  const churn = 1 - (await metricOver("retention_rate", last.start, month(0).start));
  const trial = page.getByRole("figure", { name: "What the formula says" });
  // Until the new formula is checked the trial is that of the one before.
  await expect(async () => {
    await trial.getByText("Table", { exact: true }).click({ timeout: 1000 });
    const row = trial.getByRole("row", { name: new RegExp(`^${last.name}`) });
    await expect(row).toContainText(`${(churn * 100).toFixed(1)}%`, { timeout: 1000 });
  }).toPass();
  await shot(page, "metric-derive");
  await page.locator('[data-field="name"] input').fill("Churn rate");
  await page.getByRole("button", { name: "Create metric" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Churn rate" })).toBeVisible();
  const derived = /metrics\/([0-9a-f-]+)/.exec(page.url())?.[1];
  await page.getByRole("link", { name: "Metrics" }).first().click();
  await page.getByRole("button", { name: "Retention", exact: true }).click();
  const leaves = page.getByRole("list", { name: "Metrics" });
  await leaves.getByRole("button", { name: "Churn rate" }).click();
  await expect(page.getByRole("region", { name: "Preview" })).toContainText("1 - retention_rate");
  await settled(page);
  await axe(page);
  await shot(page, "metrics-tree");
  // It has the tags of what it came from, and would stand on Home from now on.
  await api(world().edge, world().admin)("DELETE", `/api/v1/metadata/metrics/${derived}`);
});

test("a chart compares, is noted in, is a table, and is saved as a file", async ({ page }) => {
  await open(page);
  const figure = page.getByRole("figure", { name: "Retention rate by month" });
  await figure.getByRole("switch", { name: "Compare" }).click();
  await expect(page).toHaveURL(/compare=1/);
  await figure.getByText("Table", { exact: true }).click();
  await expect(figure.getByRole("columnheader", { name: "The same span before" })).toBeVisible();
  const row = figure.getByRole("row").nth(3);
  const period = (await row.getByRole("rowheader").innerText()).trim();
  await row.getByRole("button", { name: period, exact: true }).click();
  await figure.getByRole("button", { name: "Add a note" }).click();
  await figure.getByLabel(`Note at ${period}`).fill("A price rise");
  await page.keyboard.press("Enter");
  await expect(row).toContainText("A price rise");
  await axe(page);
  await shot(page, "metric-table");
  const saved = async (kind: string) => {
    const file = page.waitForEvent("download");
    await figure.getByRole("button", { name: /^Download/ }).click();
    await page.getByRole("menuitem", { name: kind }).click();
    const download = await file;
    expect(download.suggestedFilename()).toBe(`retention-rate-by-month.${kind.toLowerCase()}`);
    return readFile(await download.path());
  };
  expect((await saved("CSV")).toString()).toContain(`\n${period},0.`);
  await figure.getByText("Chart", { exact: true }).click();
  await expect(figure.getByRole("img", { name: /^Retention rate by month/ })).toBeVisible();
  expect((await saved("PNG")).subarray(1, 4).toString()).toBe("PNG");
  expect((await saved("SVG")).toString()).toContain("<svg");
  await page.reload();
  await settled(page);
  await figure.getByText("Table", { exact: true }).click();
  await expect(row).toContainText("A price rise");
  await row.getByRole("button", { name: `Explain ${period}` }).click();
  await expect(page.getByRole("combobox", { name: "Period that is explained" })).toHaveValue(period);
});

test("a month without a snapshot has no value, and the page says how old the newest is", async ({ page }) => {
  await as(page, world().admin);
  const metric = await api(world().edge, world().admin)("GET", "/api/v1/metadata/metrics/by-code/retention_rate");
  // The snapshots end with the first day of this month: a hundred days from now nobody has looked for long, so nobody is
  // said to have stayed.
  await page.clock.setFixedTime(Date.now() + 100 * 86_400_000);
  await page.goto(`${world().edge}/meaning/metrics/${metric.id as string}`);
  const figure = page.getByRole("figure", { name: "Retention rate by month" });
  await figure.getByText("Table", { exact: true }).click();
  await expect(figure.getByRole("row", { name: new RegExp(`^${month(-1).name}`) })).toContainText("%");
  await expect(figure.getByRole("row", { name: new RegExp(`^${month(0).name}`) })).toContainText("–");
  await expect(page.getByText(`nothing newer than 1 ${month(0).name}`)).toBeVisible();
  // Of a span that was chosen it is not said: what comes after it may be there.
  await page.goto(
    `${world().edge}/meaning/metrics/${metric.id as string}?range=${month(-6).start}..${month(-2).start}`,
  );
  await expect(figure.getByRole("img", { name: "Retention rate by month" })).toBeVisible();
  await expect(page.getByText(/nothing newer than/)).toHaveCount(0);
});

test("a metric that cannot be calculated says so, and is not asked for without end", async ({ page }) => {
  let asked = 0;
  await page.route("**/api/v1/calculation/calculate", (route) => {
    asked += 1;
    return route.fulfill({
      status: 501,
      json: { code: 12, status: "UNIMPLEMENTED", message: "the metric is not calculated yet", details: [] },
    });
  });
  await open(page);
  await expect(page.getByRole("heading", { name: "No values" })).toBeVisible();
  await expect(page.getByText("The metric is not calculated yet")).toBeVisible();
  expect(asked).toBeLessThan(5);
  await page.getByRole("tab", { name: "Explain" }).click();
  await expect(page.getByRole("heading", { name: "No values to explain" })).toBeVisible();
  await settled(page);
  await page.getByRole("link", { name: "Home" }).click();
  await expect(page.getByRole("main").getByRole("link", { name: /^Retention rate/ })).toContainText(
    "the metric is not calculated yet",
  );
  await settled(page);
  expect(asked).toBeLessThan(16);
});

test("the formula editor completes names and says where a formula is wrong", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/metrics/new`);
  await page.locator('[data-field="name"] input').fill("Paid in full");
  const formula = page.getByRole("textbox", { name: "Formula" });
  await formula.click();
  await page.keyboard.type("count_dis");
  // What is offered is taken a moment after it came up, lest a click meant for something else takes it.
  await expect(async () => {
    await page.getByRole("option", { name: /count_distinct/ }).click({ timeout: 1000 });
    await expect(formula).toContainText("count_distinct", { timeout: 1000 });
  }).toPass();
  await formula.fill("count_distinct(claim.claim_idd)");
  const problem = page.getByRole("alert").filter({ hasText: /Line 1, column \d+: .*claim_idd/ });
  await expect(problem).toBeVisible();
  await shot(page, "metric-new-wrong");
  await formula.fill("count_distinct(claim.claim_id)");
  await expect(problem).toHaveCount(0);
});

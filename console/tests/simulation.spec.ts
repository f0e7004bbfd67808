// Simulation: a world is chosen and parametrised, its rows are written while one looks, and are taken away again.
import { api, as, axe, expect, settled, shot, test, world } from "./world";

const call = (method: string, path: string, body?: unknown) => api(world().edge, world().admin)(method, path, body);

/** Proves: UI-SIM-01 */
test("both scenarios can be chosen and parametrised, and what is out of bounds is refused at its field", async ({
  page,
}) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/numbers/simulation/new`);
  await page.getByRole("radio", { name: "Churn spike" }).click();
  await expect(page).toHaveURL(/scenario=churn_spike/);
  await page.getByRole("textbox", { name: "Spike factor" }).fill("4");
  await expect(page.getByRole("textbox", { name: "Peak month" })).toHaveCount(0);
  await page.getByRole("radio", { name: "Seasonal peak" }).click();
  await page.getByRole("textbox", { name: "Peak month" }).fill("7");
  await expect(page.getByRole("textbox", { name: "Spike factor" })).toHaveCount(0);
  await page.getByLabel("First day").fill("2019-05-31");
  await page.getByLabel("Last day").fill("2019-03-01");
  await page.getByRole("button", { name: "Start the run" }).click();
  await expect(
    page
      .getByText(/must|before|after/)
      .and(page.locator(".mantine-InputWrapper-error"))
      .first(),
  ).toBeVisible();
  await axe(page);
  await shot(page, "simulation-refused");
});

/** Proves: UI-SIM-02, UI-SIM-03 */
test("rows are written within the range while one looks, agree with the truth, and are taken away", async ({
  page,
}) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/numbers/simulation/new?scenario=seasonal_peak`);
  await page.getByLabel("First day").fill("1987-03-01");
  await page.getByLabel("Last day").fill("1987-05-31");
  await page.getByRole("textbox", { name: "Policy count" }).fill("20000");
  await page.getByRole("textbox", { name: "Seed" }).fill("7");
  // Everything that the bar says from now on, without a reload.
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    const look = () => {
      const said = document.querySelector('[role="progressbar"]')?.getAttribute("aria-label");
      if (said && seen.at(-1) !== said) seen.push(said);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  // The first connection breaks: the page begins another by itself.
  let connections = 0;
  await page.route(/\/runs\/[^/]+:watch/, (route) => {
    connections += 1;
    return connections === 1 ? route.abort("connectionreset") : route.continue();
  });
  await page.getByRole("button", { name: "Start the run" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Seasonal peak" })).toBeVisible();
  await expect(page.getByText("Succeeded", { exact: true })).toBeVisible();
  const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
  expect(connections).toBeGreaterThan(1);
  expect(seen.length).toBeGreaterThan(1);
  const far = seen.map((said) => Number(/^([\d,]+) of/.exec(said)?.[1]?.replaceAll(",", "")));
  expect(far).toEqual([...far].sort((one, other) => one - other));
  const last = /^([\d,]+) of ([\d,]+) rows written$/.exec(seen.at(-1) ?? "");
  expect(last?.[1]).toBe(last?.[2]);
  await expect(page.getByText("Agrees").first()).toBeVisible();
  await settled(page);
  await axe(page);
  await shot(page, "simulation-written");

  const id = /simulation\/([0-9a-f-]+)/.exec(page.url())?.[1];
  const run = await call("GET", `/api/v1/simulation/runs/${id}`);
  expect(run).toMatchObject({ startDate: "1987-03-01", endDate: "1987-05-31" });
  const rows = async (where: string) => {
    const path = `/api/v1/warehouse/tables/claim/records?countTotal=true&pageSize=1&where=${encodeURIComponent(where)}`;
    return Number((await call("GET", path)).totalSize ?? 0);
  };
  // Nobody else writes rows of the eighties: whatever is there is of this run.
  const eighties = "filed_at >= '1980-01-01T00:00:00Z' and filed_at < '1990-01-01T00:00:00Z'";
  const inside = await rows("filed_at >= '1987-03-01T00:00:00Z' and filed_at < '1987-06-01T00:00:00Z'");
  expect(inside).toBeGreaterThan(1000);
  expect(await rows(eighties)).toBe(inside);

  // The operation behind it has its steps.
  await page.getByRole("link", { name: "Its steps and history" }).click();
  await expect(page).toHaveURL(/\/work\/operations\/[0-9a-f-]+/);
  await expect(page.getByText("Succeeded", { exact: true }).first()).toBeVisible();
  await page.goBack();
  await page.getByRole("button", { name: "Take its rows away" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take the rows away" }).click();
  await expect(page.getByText("The rows of the run are gone")).toBeVisible();
  await expect.poll(() => rows(eighties)).toBe(0);
});

// The ontology, changed through the console: entities, their history, relationships, metrics and the cart.
import { as, axe, expect, settled, shot, test, world } from "./world";

/** Proves: UI-ONTO-01 */
test("an entity is written, refused where it is wrong, saved, changed and restored", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/entities/new`);
  await page.locator('[data-field="name"] input').fill("Complaint");
  await expect(page.locator('[data-field="code"] input')).toHaveValue("complaint");
  await page.getByLabel("Code of attribute 1").fill("Complaint Id");
  await page.getByRole("button", { name: "Create entity" }).click();
  await expect(page.getByText("must be lower-case letters").first()).toBeVisible();
  await axe(page);
  await shot(page, "entity-new-refused");
  await page.getByLabel("Code of Complaint Id").fill("complaint_id");
  await page.getByRole("button", { name: "Add attribute" }).click();
  await page.getByLabel("Code of attribute 2").fill("filed_on");
  await page.getByLabel("Type of filed_on").first().click();
  await page.getByRole("option", { name: "Date", exact: true }).click();
  await page.getByRole("button", { name: "Create entity" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Complaint" })).toBeVisible();
  await expect(page.getByRole("row", { name: "filed_on" })).toBeVisible();

  await page.getByRole("button", { name: "Edit" }).click();
  await page.locator('[data-field="description"] textarea').fill("What a member is unhappy about.");
  await expect(page.getByText("1 field changed")).toBeVisible();
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("What a member is unhappy about.")).toBeVisible();

  await page.getByRole("tab", { name: "History" }).click();
  await page.getByRole("button", { name: /Created/ }).click();
  await page.getByRole("button", { name: "Restore version 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Restore version 1" }).click();
  await expect(page.getByText("is as it was in version 1")).toBeVisible();
  await expect(page.getByRole("button", { name: /Restored/ })).toBeVisible();
  await settled(page);
  await axe(page);
  await shot(page, "entity-history-restored");
});

test("leaving an unsaved form asks first", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/entities/new`);
  await page.locator('[data-field="name"] input').fill("Draft of something");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Users" }).click();
  await expect(page.getByRole("dialog")).toContainText("Leave without saving?");
  await axe(page);
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "New entity" })).toBeVisible();
});

test("what is deleted can be brought back from the message", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/relationships?q=works`);
  await page.getByRole("row", { name: "works in" }).click();
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /Delete/ })
    .click();
  await expect(page.getByText("works in is deleted")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.goto(`${world().edge}/meaning/relationships?q=works`);
  await expect(page.getByRole("row", { name: "works in" })).toBeVisible();
});

/** Proves: UI-OBJ-01 */
test("entities stand under their modules, and a module narrows them", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/entities`);
  await page.getByText("Modules", { exact: true }).click();
  const retention = page.getByRole("grid", { name: "Retail health insurance / Retention" });
  await expect(retention.getByRole("row", { name: "Policy" })).toBeVisible();
  await expect(retention.getByRole("row", { name: "Member" })).toBeVisible();
  await expect(retention.getByRole("row", { name: "Claim" })).toHaveCount(0);
  await expect(page.getByRole("grid", { name: "In no module" }).getByRole("row", { name: "Region" })).toBeVisible();
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByRole("menuitem", { name: "Value chain" }).click();
  await page.getByRole("checkbox", { name: "Retail health insurance / Claims" }).click();
  await expect(page).toHaveURL(/in=retail_health.claims/);
  await expect(page.getByRole("grid", { name: "Retail health insurance / Claims" })).toBeVisible();
  await expect(retention).toHaveCount(0);
});

/** Proves: UI-OBJ-02 */
test("a word of a description finds an entity, and the filter is in the address", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/entities`);
  await page.getByRole("searchbox").fill("bill that a member");
  await expect(page.getByRole("row", { name: "Claim" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Policy" })).toHaveCount(0);
  await expect(page).toHaveURL(/q=bill/);
});

/** Proves: UI-CONFIG-02, UI-REQ-01, UI-REQ-02 */
test("two metrics in the cart have one picture of what they need", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/metrics`);
  await page.getByRole("checkbox", { name: "Choose Loss ratio" }).check();
  await page.getByRole("checkbox", { name: "Choose Retention rate", exact: true }).check();
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByRole("link", { name: "Cart (2)" }).click();
  await expect(page.getByText("2 metrics chosen")).toBeVisible();
  await page.reload();
  await expect(page.getByText("2 metrics chosen")).toBeVisible();
  await settled(page);
  await axe(page);
  await shot(page, "required-two");
  await page.getByRole("region", { name: "What the chosen metrics need" }).getByText("Claim", { exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Claim" })).toBeVisible();
});

/** Proves: UI-CONFIG-01, UI-CONFIG-03, UI-CONFIG-04 */
test("the tree narrows the catalogue, a row shows its preview, and the divider moves", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/metrics`);
  await page.getByRole("button", { name: "Retention", exact: true }).click();
  await expect(page.getByRole("row", { name: "Retention rate", exact: true })).toBeVisible();
  await expect(page.getByRole("row", { name: "Loss ratio" })).toHaveCount(0);
  await page.getByRole("tab", { name: "Industries" }).click();
  await expect(page.getByText("Health insurance", { exact: true })).toBeVisible();
  const divider = page.getByRole("separator", { name: "Width of the tree" });
  const width = async () => Number(await divider.getAttribute("aria-valuenow"));
  const table = page.getByRole("grid", { name: "Metrics" });
  const wide = async () => (await table.boundingBox())?.width ?? 0;
  const [before, room] = [await width(), await wide()];
  const at = await divider.boundingBox();
  if (!at) throw new Error("the divider is not there");
  await page.mouse.move(at.x + at.width / 2, at.y + 100);
  await page.mouse.down();
  await page.mouse.move(at.x + at.width / 2 + 60, at.y + 140, { steps: 4 });
  await page.mouse.up();
  // The divider comes to where the mouse is, whichever part of it was taken.
  await expect.poll(async () => Math.abs((await width()) - before - 60)).toBeLessThan(6);
  const moved = (await width()) - before;
  await expect.poll(async () => Math.round(room - (await wide()))).toBe(moved);
  await divider.focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(width).toBe(before + moved + 16);
  await page.getByRole("row", { name: "Retention rate", exact: true }).getByText("Set based").click();
  await expect(page.getByRole("region", { name: "Preview" })).toContainText("the share still in force");
  await settled(page);
  await axe(page);
  await shot(page, "metrics-preview");
});

/** Proves: UI-CONFIG-05, UI-KPI-04 */
test("a metric is derived from another, its formula checked as one writes", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/metrics?q=claims_paid`);
  await page.getByRole("row", { name: "Claims paid", exact: true }).getByRole("link").click();
  await page.getByRole("link", { name: "Derive" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /Derive a metric from Claims paid/ })).toBeVisible();
  const formula = page.getByRole("textbox", { name: "Formula" });
  await expect(page.getByRole("status").filter({ hasText: "decimal" })).toBeVisible();
  await formula.fill("claims_paid * 1.1 +");
  await expect(page.getByRole("alert").filter({ hasText: /Line 1, column/ })).toBeVisible();
  await axe(page);
  await shot(page, "metric-derive-wrong");
  await formula.fill("claims_paid * 1.1");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.locator('[data-field="name"] input').fill("Claims paid with reserve");
  await page.getByRole("button", { name: "Create metric" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Claims paid with reserve" })).toBeVisible();
  await page.getByRole("tab", { name: "Formula" }).click();
  await expect(page.getByRole("region", { name: /The structure of/ })).toBeVisible();
});

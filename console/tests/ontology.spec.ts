// The studio: relationships drawn by mouse and by keyboard, compositions, an entity step by step, row filters.
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { api, as, axe, expect, settled, shot, test, world } from "./world";

const call = (method: string, path: string, body?: unknown) => api(world().edge, world().admin)(method, path, body);

async function diagram(page: Page) {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/entities?view=diagram`);
  await expect(page.getByRole("region", { name: "Entities and their relationships" })).toBeVisible();
  await settled(page);
}

const box = (page: Page, code: string) => page.locator(`.react-flow__node[data-id="entity.${code}"]`);

/** Proves: UI-ONTO-02 */
test("a line drawn by mouse from attribute to attribute saves a relationship, which can be undone", async ({
  page,
}) => {
  await diagram(page);
  const from = box(page, "policy").locator("li").filter({ hasText: "region_code" });
  const to = box(page, "region").locator("li").filter({ hasText: "region_code" });
  await from.hover();
  const start = await from.locator(".react-flow__handle-right").boundingBox();
  const end = await to.locator(".react-flow__handle-left").boundingBox();
  if (!start || !end) throw new Error("there are no points to draw between");
  await page.mouse.move(start.x + start.width / 2, start.y + start.height / 2);
  await page.mouse.down();
  await page.mouse.move(end.x - 40, end.y - 12, { steps: 8 });
  await page.mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 4 });
  await shot(page, "diagram-drawing");
  await page.mouse.up();
  const dialog = page.getByRole("dialog", { name: "New relationship" });
  await expect(dialog.locator('[data-field="from"] input').first()).toHaveValue("Policy");
  await expect(dialog.getByRole("combobox", { name: "Attribute of “from”" })).toHaveValue(/region_code/);
  await expect(dialog.getByRole("combobox", { name: "Cardinality" })).toHaveValue("Many to one");
  await dialog.getByRole("button", { name: "Create relationship" }).click();
  await expect(dialog.getByText("Is needed").first()).toBeVisible();
  await axe(page);
  await dialog.getByRole("textbox", { name: "Name" }).fill("is written in");
  await expect(dialog.getByRole("textbox", { name: "Code" })).toHaveValue("policy_is_written_in_region");
  await shot(page, "diagram-dialog");
  await dialog.getByRole("button", { name: "Create relationship" }).click();
  await expect(page.getByText("is written in is drawn")).toBeVisible();
  await expect(page.getByText("Policy is written in Region")).toBeAttached();
  const saved = await call("GET", "/api/v1/metadata/relationships/by-code/policy_is_written_in_region");
  expect(saved.from).toEqual({ entity: "policy", attribute: "region_code" });
  expect(saved.to).toEqual({ entity: "region", attribute: "region_code" });
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("Policy is written in Region")).toHaveCount(0);
});

/** Proves: UI-ONTO-02 */
test("the same by keyboard alone: R on one box, Enter on the other", async ({ page }) => {
  await diagram(page);
  await box(page, "claim").focus();
  await page.keyboard.press("r");
  await expect(page.getByRole("status").filter({ hasText: "From Claim" })).toBeAttached();
  await shot(page, "diagram-keyboard");
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-id"));
  await page.keyboard.press("ArrowRight");
  expect(await focused()).toBe("entity.policy");
  for (let presses = 0; presses < 4 && (await focused()) !== "entity.agent"; presses += 1) {
    await page.keyboard.press(presses === 0 ? "ArrowRight" : "ArrowDown");
  }
  expect(await focused()).toBe("entity.agent");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "New relationship" });
  await expect(dialog.getByRole("textbox", { name: "Name" })).toBeFocused();
  await page.keyboard.type("is looked after by");
  await page.keyboard.press("Enter");
  await expect(page.getByText("is looked after by is drawn")).toBeVisible();
  const saved = await call("GET", "/api/v1/metadata/relationships/by-code/claim_is_looked_after_by_agent");
  expect(saved.from).toMatchObject({ entity: "claim" });
  await call("DELETE", `/api/v1/metadata/relationships/${saved.id as string}`);
});

/** Proves: UI-OBJ-03, UI-OBJ-04 */
test("associations and compositions are drawn differently, and told apart in words", async ({ page }) => {
  await call("POST", "/api/v1/metadata/entities", {
    code: "claim_position",
    name: "Claim position",
    description: "One line of a bill.",
    kind: "ENTITY_KIND_DIMENSION",
    module: { valueChain: "retail_health", module: "claims" },
    attributes: [
      { code: "claim_id", type: "DATA_TYPE_STRING", primaryKey: true },
      { code: "position", type: "DATA_TYPE_INTEGER", primaryKey: true },
      { code: "amount", type: "DATA_TYPE_DECIMAL", precision: 14, scale: 2, unit: "EUR" },
    ],
  });
  await call("POST", "/api/v1/metadata/relationships", {
    code: "claim_position_of_claim",
    name: "is a line of",
    from: { entity: "claim_position", attribute: "claim_id" },
    to: { entity: "claim", attribute: "claim_id" },
    cardinality: "CARDINALITY_MANY_TO_ONE",
  });
  await diagram(page);
  await expect(page.getByText("Composition: one is part of the other")).toBeVisible();
  await expect(page.getByText("Claim position is a line of Claim n to 1, part of Claim")).toBeAttached();
  await expect(page.locator('.react-flow__edge path[marker-end*="whole-"]')).toHaveCount(1);
  const arrows = page.locator('.react-flow__edge path[marker-end*="type=arrow"]');
  expect(await arrows.count()).toBeGreaterThan(3);
  await axe(page);
  await shot(page, "diagram-composition");
  await page.goto(`${world().edge}/meaning/relationships?q=line`);
  await page.getByRole("row", { name: "is a line of" }).click();
  await expect(page.getByText(/Composition: claim_position is part of claim/)).toBeVisible();
});

/** Proves: UI-ONTO-01 */
test("an entity step by step, kept when it is left, with the relationships it already has", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/entities/new`);
  await page.getByRole("link", { name: "Step by step" }).click();
  await expect(page.getByRole("heading", { level: 2, name: "What it is" })).toBeVisible();
  const next = page.getByRole("button", { name: "Next" });
  await next.click();
  await expect(page.getByText("Is needed").first()).toBeVisible();
  await axe(page);
  await shot(page, "guide-refused");
  await page.locator('[data-field="name"] input').fill("Visit");
  await next.click();
  await expect(page.getByRole("heading", { level: 2, name: "What is known of it" })).toBeFocused();
  await page.getByLabel("Code of attribute 1").fill("visit_id");
  await page.getByRole("button", { name: "Add attribute" }).click();
  await page.getByLabel("Code of attribute 2").fill("member_id");
  await next.click();
  await expect(page.getByRole("checkbox", { name: "Visit and member, by member_id" })).toBeChecked();
  await page.getByLabel("Name of its relationship to member").fill("is a visit by");
  await axe(page);
  await shot(page, "guide-relations");
  // Left and found again.
  await page.getByRole("button", { name: "Leave, and go on later" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Entities" })).toBeVisible();
  await page.goto(`${world().edge}/meaning/entities/new?guided=1&step=relations`);
  await expect(page.getByText("it goes on where you left it")).toBeVisible();
  await expect(page.getByLabel("Name of its relationship to member")).toHaveValue("is a visit by");
  await next.click();
  await expect(page.getByRole("heading", { level: 2, name: "Where it stands" })).toBeVisible();
  await next.click();
  await expect(page.getByText("Visit is a visit by member (many to one)")).toBeVisible();
  await axe(page);
  await shot(page, "guide-summary");
  await page.getByRole("button", { name: "Create entity and 1 relationship" }).click();
  await expect(page.getByText("Visit and 1 relationship are created")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Visit" })).toBeVisible();
  const saved = await call("GET", "/api/v1/metadata/relationships/by-code/visit_member");
  expect(saved.name).toBe("is a visit by");
  await page.goto(`${world().edge}/meaning/entities/new?guided=1`);
  await expect(page.getByText("it goes on where you left it")).toHaveCount(0);
});

/** Proves: UI-ONTO-03 */
test("the history names author, time and difference of every version", async ({ page }) => {
  const made = await call("POST", "/api/v1/metadata/entities", {
    code: "offer",
    name: "Offer",
    kind: "ENTITY_KIND_DIMENSION",
    attributes: [{ code: "offer_id", type: "DATA_TYPE_STRING", primaryKey: true }],
  });
  await call("PATCH", `/api/v1/metadata/entities/${made.id as string}?updateMask=name,attributes`, {
    name: "Written offer",
    etag: made.etag,
    attributes: [
      { code: "offer_id", type: "DATA_TYPE_STRING", primaryKey: true },
      { code: "price", type: "DATA_TYPE_DECIMAL", precision: 12, scale: 2 },
    ],
  });
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/entities/${made.id as string}?tab=history`);
  const versions = page.getByRole("list", { name: "Versions, newest first" });
  await expect(versions.getByRole("button")).toHaveCount(2);
  await expect(versions.getByRole("button").first().locator("time")).toBeVisible();
  const change = page.getByRole("row").filter({ hasText: "name" }).first();
  await expect(change).toContainText("Offer");
  await expect(change).toContainText("Written offer");
  await settled(page);
  await axe(page);
  await shot(page, "entity-history-changed");
});

test("a row filter is written, refused in place, narrows, and is deleted", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/platform/row-filters/new`);
  await page.locator('[data-field="name"] input').fill("Travel only");
  await page.getByRole("combobox", { name: /^Entity/ }).click();
  await page.getByRole("option", { name: /Policy/ }).click();
  await page.getByRole("combobox", { name: /^Role/ }).click();
  await page.getByRole("option", { name: "viewer" }).click();
  const condition = page.getByRole("textbox", { name: "Rows they see" });
  await condition.fill("line_of_busines = 'Travel'");
  await expect(page.getByRole("alert")).toContainText("Line 1, column 1");
  await expect(page.getByRole("alert")).toContainText("did you mean `line_of_business`");
  await axe(page);
  await shot(page, "row-filter-refused");
  await condition.fill("line_of_business = 'Travel'");
  await expect(page.getByText("Fits the rows of Policy")).toBeVisible();
  await page.getByRole("button", { name: "Create row filter" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Travel only" })).toBeVisible();
  await expect(page.getByText("Travel only is created")).toBeVisible();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Rows they see" }).fill("line_of_business in ('Travel', 'Dental')");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Travel only is changed")).toBeVisible();
  // Whoever it names sees it on their own page.
  const users = (await call("GET", "/api/v1/identity/users?emailPrefix=vera")).users as { id: string }[];
  await page.goto(`${world().edge}/platform/users/${users[0]?.id}?tab=rows`);
  await expect(page.getByRole("row", { name: "Travel only" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Analysts of the north" })).toBeVisible();
  await settled(page);
  await axe(page);
  await shot(page, "user-rows");
  await page.getByRole("row", { name: "Travel only" }).click();
  await page.getByRole("button", { name: "Delete Travel only" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete Travel only" }).click();
  await expect(page.getByText("Travel only is deleted")).toBeVisible();
});

test("chosen rows are exported alone, and deleted together with a way back", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/relationships`);
  await page.getByRole("checkbox", { name: "Choose lives in" }).check();
  await page.getByRole("checkbox", { name: "Choose works in" }).check();
  await expect(page.getByText("2 relationships chosen")).toBeVisible();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export the chosen as CSV" }).click(),
  ]);
  expect(file.suggestedFilename()).toBe("relationships.csv");
  await expect(page.getByText("2 relationships exported")).toBeVisible();
  await shot(page, "relationships-bulk");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText("2 relationships are deleted")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("row", { name: "works in" })).toBeVisible();
  await expect(page.getByRole("row", { name: "lives in" })).toBeVisible();
});

test("rows of a table are exported as they are narrowed", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/data/tables/member?where=${encodeURIComponent("region_code = 'North'")}`);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export as CSV" }).click(),
  ]);
  const lines = readFileSync(await file.path(), "utf8")
    .trim()
    .split("\r\n");
  expect(lines[0]).toBe("member_id,full_name,birth_date,joined_on,region_code");
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.slice(1).every((line) => line.endsWith(",North"))).toBe(true);
  await expect(page.getByText(/ rows exported/)).toBeVisible();
});

// From sign-in to the detail of an entity: by mouse alone, and by keyboard alone.
import { axe, expect, settled, shot, signIn, test, world } from "./world";

test("sign-in tells what is wrong, and keeps the page that was asked for", async ({ page }) => {
  await page.goto(`${world().edge}/meaning/entities?q=claim`);
  await expect(page.getByRole("heading", { level: 1, name: "Sign in to Tessera" })).toBeVisible();
  await axe(page);
  await shot(page, "sign-in");
  await signIn(page, "ada@example.com", "not the password");
  await expect(page.getByRole("alert")).toContainText("password is wrong");
  await axe(page);
  await signIn(page, "ada@example.com", world().password);
  await expect(page.getByRole("heading", { level: 1, name: "Entities" })).toBeVisible();
  await expect(page).toHaveURL(/q=claim/);
  await expect(page.getByRole("row", { name: "Claim", exact: true })).toBeVisible();
});

/** Proves: UI-DEMO-02 */
test("by mouse: from sign-in to the detail of an entity", async ({ page }) => {
  await page.goto(world().edge);
  await page.getByLabel("E-mail").click();
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByRole("textbox", { name: "Password" }).fill(world().password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Entities" }).first().click();
  await page.getByRole("row", { name: "Policy" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Policy" })).toBeVisible();
  await page.getByRole("tab", { name: "Diagram" }).click();
  await expect(page.getByRole("region", { name: /policy has to do with/ })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("tab", { name: /Attributes/ })).toBeVisible();
});

test("by keyboard: from sign-in to the detail of an entity", async ({ page }) => {
  await page.goto(world().edge);
  await expect(page.getByLabel("E-mail")).toBeFocused();
  await page.keyboard.type("ada@example.com");
  await page.keyboard.press("Tab");
  await page.keyboard.type(world().password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.type("entit");
  await expect(page.getByRole("option", { selected: true })).toContainText("Entities");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Entities" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Agent" })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("insured");
  await expect(page.getByRole("row", { name: "Agent" })).toHaveCount(0);
  const grid = page.getByRole("grid", { name: "Entities" });
  for (
    let presses = 0;
    presses < 12 && !(await grid.evaluate((element) => element === document.activeElement));
    presses += 1
  ) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Member" })).toBeVisible();
  await settled(page);
  await axe(page);
});

test("signing out forgets everything, in every tab", async ({ page, context }) => {
  await page.goto(world().edge);
  await signIn(page, "ada@example.com", world().password);
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  const other = await context.newPage();
  await other.goto(world().edge);
  await expect(other.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  await page.getByRole("button", { name: /Account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Tessera" })).toBeVisible();
  await expect(other.getByRole("heading", { name: "Sign in to Tessera" })).toBeVisible();
  expect(await page.evaluate(() => localStorage.getItem("tessera.session"))).toBeNull();
});

test("a token that has ended is renewed without a word", async ({ page }) => {
  await page.goto(world().edge);
  await signIn(page, "ada@example.com", world().password);
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  await page.evaluate(() => {
    const held = JSON.parse(localStorage.getItem("tessera.session") ?? "{}");
    localStorage.setItem(
      "tessera.session",
      JSON.stringify({ ...held, access: "gone", accessEnds: Date.now() + 3_600_000 }),
    );
  });
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  await page.getByRole("link", { name: "Entities" }).first().click();
  await expect(page.getByRole("row", { name: "Policy" })).toBeVisible();
});

// The pictures of the README, made anew by each run; scripts/console-images takes them to docs/images.
import { mkdirSync } from "node:fs";
import type { Page } from "@playwright/test";
import { api, as, expect, settled, test, world } from "./world";

test.use({ viewport: { width: 1280, height: 760 }, colorScheme: "light" });

async function picture(page: Page, name: string) {
  await settled(page);
  // What a canvas draws as it comes in must have come to rest.
  await expect(page.locator(".react-flow__node, canvas, a, tr").first()).toBeVisible();
  await page.mouse.move(0, 0);
  const folder = `${world().shots}/readme`;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled", scale: "css" });
}

async function metric(code: string): Promise<string> {
  const found = await api(world().edge, world().admin)("GET", `/api/v1/metadata/metrics/by-code/${code}`);
  return `${world().edge}/meaning/metrics/${found.id as string}`;
}

test("home", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(world().edge);
  await expect(page.getByRole("main").getByRole("link", { name: /^Retention rate/ })).toContainText("%");
  await picture(page, "home");
});

test("a metric and how its number came about", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${await metric("retention_rate")}?compare=1`);
  await expect(page.getByRole("img", { name: /^Retention rate by month/ })).toBeVisible();
  await picture(page, "metric");
  await page.getByRole("button", { name: "Explain this number" }).click();
  await expect(page.getByRole("region", { name: "The formula with its values" })).toBeVisible();
  await picture(page, "explain");
});

test("what the metrics in the cart need", async ({ page }) => {
  await as(page, world().admin);
  await page.goto(`${world().edge}/meaning/metrics`);
  for (const name of ["Loss ratio", "Retention rate"])
    await page.getByRole("checkbox", { name: `Choose ${name}`, exact: true }).check();
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByRole("link", { name: "Cart (2)" }).click();
  await expect(page.getByText("2 metrics chosen")).toBeVisible();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await picture(page, "required");
});

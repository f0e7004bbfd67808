// Somebody who has never seen the console wants to know how many policies stay, and why: from sign-in to the chart and its
// explanation within a minute, by mouse alone and by keyboard alone.
import type { Locator, Page } from "@playwright/test";
import { api, axe, expect, settled, shot, test, world } from "./world";

const MINUTE = 60_000;
test.setTimeout(MINUTE);

/** The retention of the month that the page tells of, as the service says it. */
async function truth(start: string, end: string): Promise<number> {
  const answer = await api(world().edge, world().admin)("POST", "/api/v1/calculation/calculate", {
    metric: "retention_rate",
    start,
    end,
  });
  return (answer.rows as { value: { number: number } }[])[0]?.value.number ?? Number.NaN;
}

/** What both see at the end: the chart's number, taken apart into figures that give it. */
async function explained(page: Page) {
  const main = page.getByRole("main");
  await expect(main.getByRole("heading", { name: "The value" })).toBeVisible();
  const numbers = main.getByText(/^In numbers: = /);
  await expect(numbers).toBeVisible();
  const [end, joined, begin] = [...(await numbers.innerText()).matchAll(/\d+/g)].map(([text]) => Number(text));
  const at = new URL(page.url()).searchParams.get("at")?.split("..") ?? [];
  const rate = await truth(at[0] ?? "", at[1] ?? "");
  expect(((end ?? 0) - (joined ?? 0)) / (begin ?? 0)).toBeCloseTo(rate, 9);
  await expect(main.getByText(`${(rate * 100).toFixed(1)}%`, { exact: true }).first()).toBeVisible();
  await expect(main.getByRole("heading", { name: "What was read" })).toBeAttached();
}

test("by mouse: from sign-in to the retention chart and its explanation", async ({ page }) => {
  let [clicks, fields] = [0, 0];
  // A click on what is in sight: nothing is scrolled to, nothing is known beforehand.
  const click = async (what: Locator) => {
    await expect(what).toBeInViewport();
    await what.click();
    clicks += 1;
  };
  const fill = async (what: Locator, text: string) => {
    await click(what);
    await page.keyboard.type(text);
    fields += 1;
  };
  const begun = Date.now();
  await page.goto(world().edge);
  await fill(page.getByLabel("E-mail"), "vera@example.com");
  await fill(page.getByRole("textbox", { name: "Password" }), world().password);
  await click(page.getByRole("button", { name: "Sign in" }));
  await click(page.getByRole("main").getByRole("link", { name: /^Retention rate/ }));
  await expect(page.getByRole("img", { name: "Retention rate by month" })).toBeInViewport();
  await click(page.getByRole("button", { name: "Explain this number" }));
  await explained(page);
  const took = Date.now() - begun;
  console.log(`by mouse: ${clicks} clicks, ${fields} fields, ${(took / 1000).toFixed(1)} s`);
  expect(took).toBeLessThan(MINUTE);
  expect(clicks).toBeLessThanOrEqual(5);
  await axe(page);
  await shot(page, "story-mouse");
});

test("by keyboard: from sign-in to the retention chart and its explanation", async ({ page }) => {
  let [presses, typed] = [0, 0];
  const press = async (key: string) => {
    await page.keyboard.press(key);
    presses += 1;
  };
  const type = async (text: string) => {
    await page.keyboard.type(text);
    typed += 1;
  };
  /** What has the focus, as it reads. */
  const here = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      return element?.getAttribute("aria-label") ?? element?.innerText ?? "";
    });
  const tabTo = async (words: RegExp) => {
    for (let tries = 0; tries < 15; tries += 1) {
      await press("Tab");
      if (words.test(await here())) return;
    }
    throw new Error(`${words} is not within 15 presses of Tab; the focus is at ${await here()}`);
  };
  const begun = Date.now();
  await page.goto(world().edge);
  await expect(page.getByLabel("E-mail")).toBeFocused();
  await type("vera@example.com");
  await tabTo(/^$/);
  await type(world().password);
  await press("Enter");
  await expect(page.getByRole("main").getByRole("link", { name: /^Retention rate/ })).toBeVisible();
  await press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the page" })).toBeInViewport();
  await press("Enter");
  await tabTo(/^Retention rate/);
  await press("Enter");
  await expect(page.getByRole("img", { name: "Retention rate by month" })).toBeInViewport();
  await tabTo(/^Explain this number/);
  await press("Enter");
  await explained(page);
  const took = Date.now() - begun;
  console.log(`by keyboard: ${presses} keys, ${typed} fields, ${(took / 1000).toFixed(1)} s`);
  expect(took).toBeLessThan(MINUTE);
  expect(presses).toBeLessThanOrEqual(20);
});

test("the palette leads there as well, by a part of the name", async ({ page }) => {
  await page.goto(world().edge);
  await page.getByLabel("E-mail").fill("vera@example.com");
  await page.getByRole("textbox", { name: "Password" }).fill(world().password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.type("retention rate");
  await expect(page.getByRole("option", { selected: true })).toContainText("retention_rate");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Retention rate" })).toBeVisible();
  await settled(page);
});

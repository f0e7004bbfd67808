// Somebody who has never seen the console wants to know how many policies stay, and why: from sign-in to the chart and its
// explanation within a minute, by mouse alone and by keyboard alone.
import type { Locator, Page } from "@playwright/test";
import { axe, expect, metricOver, settled, shot, test, world } from "./world";

/**
 * How long a person takes for it, in seconds: to look and decide before each step, to point and click, to type a letter
 * (the usual figures of the keystroke-level model). What the console itself takes is printed beside it.
 */
function person(given: { looks: number; clicks?: number; keys: number }): number {
  return given.looks * 1.35 + (given.clicks ?? 0) * 1.3 + given.keys * 0.28;
}
const MINUTE = 60;

/** What both see at the end: the chart's number, taken apart into figures that give it. */
async function explained(page: Page) {
  const main = page.getByRole("main");
  await expect(main.getByRole("heading", { name: "The value" })).toBeVisible();
  const numbers = main.getByText(/^In numbers: = /);
  await expect(numbers).toBeVisible();
  const [end, joined, begin] = [...(await numbers.innerText()).matchAll(/\d+/g)].map(([text]) => Number(text));
  const at = new URL(page.url()).searchParams.get("at")?.split("..") ?? [];
  const rate = await metricOver("retention_rate", at[0] ?? "", at[1] ?? "");
  expect(((end ?? 0) - (joined ?? 0)) / (begin ?? 0)).toBeCloseTo(rate, 9);
  await expect(main.getByText(`${(rate * 100).toFixed(1)}%`, { exact: true }).first()).toBeVisible();
  await expect(main.getByRole("heading", { name: "What was read" })).toBeAttached();
}

test("by mouse: from sign-in to the retention chart and its explanation", async ({ page }) => {
  let [clicks, keys] = [0, 0];
  // A click on what is in sight: nothing is scrolled to, nothing is known beforehand.
  const click = async (what: Locator) => {
    await expect(what).toBeInViewport();
    await what.click();
    clicks += 1;
  };
  const fill = async (what: Locator, text: string) => {
    await click(what);
    await page.keyboard.type(text);
    keys += text.length;
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
  const own = (Date.now() - begun) / 1000;
  const seconds = person({ looks: clicks, clicks, keys });
  console.log(
    `by mouse: ${clicks} clicks, ${keys} letters: ${seconds.toFixed(0)} s of a person, ${own.toFixed(1)} s of the console`,
  );
  expect(seconds).toBeLessThan(MINUTE);
  expect(clicks).toBeLessThanOrEqual(5);
  await axe(page);
  await shot(page, "story-mouse");
});

test("by keyboard: from sign-in to the retention chart and its explanation", async ({ page }) => {
  let [presses, letters] = [0, 0];
  const press = async (key: string) => {
    await page.keyboard.press(key);
    presses += 1;
  };
  const type = async (text: string) => {
    await page.keyboard.type(text);
    letters += text.length;
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
  const own = (Date.now() - begun) / 1000;
  const seconds = person({ looks: presses, keys: presses + letters });
  console.log(
    `by keyboard: ${presses} keys, ${letters} letters: ${seconds.toFixed(0)} s of a person, ${own.toFixed(1)} s of the console`,
  );
  expect(seconds).toBeLessThan(MINUTE);
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

// What the tests know of the server they speak to, and what they do again and again.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test as base, expect, type Page, type Request } from "@playwright/test";
import type { RunOnly } from "axe-core";

export interface World {
  edge: string;
  /** API token of the administrator. */
  admin: string;
  /** API token that may do nothing but say who it is. */
  narrow: string;
  /** Password of everyone but the administrator. */
  password: string;
  adminPassword: string;
  group: string;
  /** Folder of the screenshots. */
  shots: string;
}

/** Calls the JSON API. */
export function api(edge: string, token: string) {
  return async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(edge + path, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? (JSON.parse(text) as Record<string, unknown>) : {};
  };
}

export const world = (): World => JSON.parse(process.env.TESSERA_WORLD ?? "{}") as World;

/** What each page has asked for and not been answered yet; a stream is not waited for, it ends with the page. */
const waiting = new WeakMap<Page, Set<Request>>();

/** Follows what a page asks for, so that `settled` knows. */
export function follow(page: Page) {
  const open = new Set<Request>();
  waiting.set(page, open);
  page.on("request", (request) => {
    if (!/:(watch|tail)\b/.test(request.url())) open.add(request);
  });
  page.on("requestfinished", (request) => open.delete(request));
  page.on("requestfailed", (request) => open.delete(request));
}

/** A page that fails its test when the browser complains. */
export const test = base.extend<{ page: Page }>({
  page: async ({ page }, use) => {
    follow(page);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // A failed request is told of by the page itself, where a test means it to fail.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        complaints.push(message.text());
    });
    await use(page);
    expect(complaints).toEqual([]);
  },
});

/** Signs in with a token, as a program's user would, without the sign-in page. */
export async function as(page: Page, token: string) {
  await page.addInitScript((access) => {
    sessionStorage.setItem("tessera.session", JSON.stringify({ kind: "token", access }));
  }, token);
}

/** Signs in by the form. */
export async function signIn(page: Page, email: string, password: string, tenant = "") {
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByLabel("Tenant").fill(tenant);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The first day of a month, counted from this one, and what the console calls it: the sample rows reach up to now. */
export function month(offset: number): { start: string; name: string } {
  const now = new Date();
  const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1));
  const name = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" }).format(at);
  return { start: at.toISOString().slice(0, 10), name };
}

/** What a metric is over a span, as the service says it. */
export async function metricOver(metric: string, start: string, end: string): Promise<number> {
  const ask = { metric, start, end };
  const answer = await api(world().edge, world().admin)("POST", "/api/v1/calculation/calculate", ask);
  return (answer.rows as { value: { number: number } }[])[0]?.value.number ?? Number.NaN;
}

const BUSY = '[aria-busy="true"], [role="status"][aria-label="Loading"]';

/** Waits until nothing is on its way: nothing asked for is open, and two frames later nothing new is. */
export async function settled(page: Page) {
  await page.locator("h1").first().waitFor();
  const open = waiting.get(page);
  if (!open) throw new Error("nobody follows what this page asks for");
  await expect
    .poll(
      async () => {
        if (open.size > 0) return `waits for ${[...open].map((one) => one.url()).join(", ")}`;
        const busy = await page.evaluate(
          (selector) =>
            new Promise<number>((resolve) => {
              const look = () => resolve(document.querySelectorAll(selector).length);
              requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(look)));
            }),
          BUSY,
        );
        return open.size > 0 || busy > 0 ? "has just asked for more" : "settled";
      },
      { intervals: [20, 20, 40, 80], timeout: 60_000 },
    )
    .toBe("settled");
}

/** What the colours alone decide: all else is the same in the dark. */
export const COLOURS = ["color-contrast", "link-in-text-block"];
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** No violation of WCAG 2.2 A or AA; of `rules` alone where they are given. */
export async function axe(page: Page, rules?: string[]) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  const runOnly: RunOnly = rules ? { type: "rule", values: rules } : { type: "tag", values: WCAG };
  const said = await page.evaluate(async (only) => {
    const { axe: checker } = window as unknown as { axe: typeof import("axe-core") };
    // What passes is not told of: describing it would take longer than the checks.
    const found = await checker.run(document, { runOnly: only, resultTypes: ["violations"] });
    return found.violations.map(
      (one) =>
        `${one.id}: ${one.help}\n    ${one.nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary ?? ""}`).join("\n    ")}`,
    );
  }, runOnly);
  expect(said).toEqual([]);
}

export async function shot(page: Page, name: string) {
  await page.screenshot({ path: `${world().shots}/${name}.png`, animations: "disabled" });
}

export { expect };

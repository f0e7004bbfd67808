// What the tests know of the server they speak to, and what they do again and again.
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

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

/** A page that fails its test when the browser complains. */
export const test = base.extend<{ page: Page }>({
  page: async ({ page }, use) => {
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

/** Waits until nothing is on its way. */
export async function settled(page: Page) {
  await page.locator("h1").first().waitFor();
  await expect(page.locator('[aria-busy="true"], [role="status"][aria-label="Loading"]')).toHaveCount(0);
  await page.waitForLoadState("networkidle");
}

/** No violation of WCAG 2.2 A or AA. */
export async function axe(page: Page) {
  const found = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  const said = found.violations.map(
    (one) =>
      `${one.id}: ${one.help}\n    ${one.nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary ?? ""}`).join("\n    ")}`,
  );
  expect(said).toEqual([]);
}

export async function shot(page: Page, name: string) {
  await page.screenshot({ path: `${world().shots}/${name}.png`, animations: "disabled" });
}

export { expect };

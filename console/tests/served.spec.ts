// How the binary serves the console it carries. Left out of a run against a console that something else serves.
import { expect, test, world } from "./world";

test("the answers carry the headers that keep strangers' code out", async ({ request }) => {
  const page = await request.get(world().edge, { headers: { accept: "text/html" } });
  const policy = page.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain("script-src 'self' 'unsafe-inline'");
  expect(page.headers()["cache-control"]).toBe("no-cache");
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1] ?? "";
  const file = await request.get(world().edge + script, { headers: { "accept-encoding": "br" } });
  expect(file.headers()["cache-control"]).toContain("immutable");
  expect(file.headers()["content-encoding"]).toBe("br");
  const api = await request.get(`${world().edge}/api/v1/nothing`, { headers: { accept: "text/html" } });
  expect(api.status()).toBe(404);
  expect(api.headers()["content-type"]).toContain("application/json");
  expect((await request.get(`${world().edge}/meaning/entities`, { headers: { accept: "text/html" } })).status()).toBe(
    200,
  );
});

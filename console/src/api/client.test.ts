import { afterEach, expect, test, vi } from "vitest";
import { all, call, stream } from "./client";
import { ApiError } from "./errors";

const asked: { method: string; url: URL; body: string }[] = [];

/** Answers calls in order; what was asked is kept. */
function answers(...given: (Response | Error)[]) {
  asked.length = 0;
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push({ method: request.method, url: new URL(request.url), body: await request.clone().text() });
    const next = given.shift();
    if (!next) throw new TypeError("nobody answers");
    if (next instanceof Error) throw next;
    return next;
  });
}
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", "x-request-id": "r9" } });

afterEach(() => vi.unstubAllGlobals());

test("an operation is called by its name; path and query are filled in", async () => {
  answers(json({ name: "Policy" }));
  const found = await call("MetadataService_GetEntity", { path: { id: "a b" } });
  expect(found.name).toBe("Policy");
  expect(asked[0]?.method).toBe("GET");
  expect(asked[0]?.url.pathname).toBe("/api/v1/metadata/entities/a%20b");
});

test("a refusal is an error of ours, with the request's id", async () => {
  answers(json({ status: "NOT_FOUND", message: "no such entity" }, 404));
  const failed = await call("MetadataService_GetEntity", { path: { id: "x" } }).catch((cause: unknown) => cause);
  expect(failed).toBeInstanceOf(ApiError);
  expect(failed).toMatchObject({ code: "NOT_FOUND", requestId: "r9" });
  answers(new TypeError("Failed to fetch"));
  await expect(call("MetadataService_GetEntity", { path: { id: "x" } })).rejects.toMatchObject({ code: "UNREACHABLE" });
});

test("every page of a list is fetched, and no more than asked for", async () => {
  answers(json({ entities: [{ id: "1" }, { id: "2" }], nextPageToken: "t" }), json({ entities: [{ id: "3" }] }));
  const found = await all("MetadataService_ListEntities", "entities", { query: { orderBy: "name" } });
  expect(found).toHaveLength(3);
  expect(asked.map((one) => one.url.searchParams.get("pageToken"))).toEqual([null, "t"]);
  expect(asked[1]?.url.searchParams.get("orderBy")).toBe("name");
  answers(json({ entities: [{ id: "1" }], nextPageToken: "t" }));
  expect(await all("MetadataService_ListEntities", "entities", {}, 1)).toHaveLength(1);
});

test("a stream is read message by message, wherever its lines are cut, and ends with its error", async () => {
  const parts = ['{"rowsWritten":"1"}\n{"rows', 'Written":"2"}\n', '{"error":{"status":"ABORTED","message":"gone"}}\n'];
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(encoder.encode(part));
      controller.close();
    },
  });
  answers(new Response(body, { status: 200 }));
  const seen: unknown[] = [];
  const read = async () => {
    for await (const one of stream("SimulationService_WatchRun", { path: { id: "x" } })) seen.push(one.rowsWritten);
  };
  await expect(read()).rejects.toMatchObject({ code: "ABORTED", message: "gone" });
  expect(seen).toEqual(["1", "2"]);
  expect(asked[0]?.url.pathname).toBe("/api/v1/simulation/runs/x:watch");
});

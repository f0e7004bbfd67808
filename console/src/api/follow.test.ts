import { afterEach, expect, test, vi } from "vitest";
import { follow } from "./follow";

vi.mock("./session", () => ({ token: async () => "t", another: async () => false }));

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const lines = (...texts: string[]) => {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const text of texts) controller.enqueue(encoder.encode(text));
      controller.close();
    },
  });
};

test("a stream that broke, or ended, is begun anew, and told of as such", async () => {
  vi.useFakeTimers();
  const answers: (Response | Error)[] = [
    new Response(lines('{"rowsWritten":"1"}\n')),
    new TypeError("network error"),
    new Response(JSON.stringify({ status: "UNAVAILABLE", message: "restarting" }), { status: 503 }),
    new Response(lines('{"rowsWritten":"2"}\n')),
  ];
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(/runs\/(\w+)/.exec(request.url)?.[1] ?? "");
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next ?? new Promise(() => {});
  });
  const seen: unknown[] = [];
  const stop = follow("SimulationService_WatchRun", () => ({ path: { id: `x${seen.length}` } }), {
    take: (run) => seen.push(run.rowsWritten),
    opened: (again) => seen.push(again ? "again" : "opened"),
    lost: (_, final) => seen.push(final ? "final" : "lost"),
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual(["opened", "1", "lost", "lost", "again", "2"]);
  // What is asked for is what is known by then.
  expect(asked).toEqual(["x0", "x2", "x3", "x4", "x6"]);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(5);
});

test("what may not be followed is asked for once", async () => {
  vi.useFakeTimers();
  let asked = 0;
  vi.stubGlobal("fetch", async () => {
    asked += 1;
    return new Response(JSON.stringify({ status: "PERMISSION_DENIED", message: "no" }), { status: 403 });
  });
  const lost: boolean[] = [];
  const stop = follow("SimulationService_WatchRun", () => ({ path: { id: "x" } }), {
    take: () => undefined,
    lost: (_, final) => lost.push(final),
  });
  await vi.advanceTimersByTimeAsync(120_000);
  expect([asked, lost]).toEqual([1, [true]]);
  stop();
});

test("a page that nobody looks at holds no connection", async () => {
  vi.useFakeTimers();
  const signals: AbortSignal[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    signals.push(request.signal);
    return new Promise(() => {});
  });
  let hidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  const turn = async (to: boolean) => {
    hidden = to;
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
  };
  const stop = follow("SimulationService_WatchRun", () => ({ path: { id: "x" } }), { take: () => undefined });
  await vi.advanceTimersByTimeAsync(0);
  await turn(true);
  expect(signals.map((one) => one.aborted)).toEqual([true]);
  await turn(false);
  expect(signals.map((one) => one.aborted)).toEqual([true, false]);
  stop();
  expect(signals.map((one) => one.aborted)).toEqual([true, true]);
});

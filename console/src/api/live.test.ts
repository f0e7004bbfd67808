import { afterEach, expect, test, vi } from "vitest";
import { atMost, listen } from "./live";

vi.mock("./session", () => ({ token: async () => "t", another: async () => false }));

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a burst is answered at once and once more after it", () => {
  vi.useFakeTimers();
  let acted = 0;
  const { call, stop } = atMost(1000, () => {
    acted += 1;
  });
  for (let count = 0; count < 5; count += 1) call();
  expect(acted).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(acted).toBe(2);
  vi.advanceTimersByTime(1000);
  expect(acted).toBe(2);
  call();
  expect(acted).toBe(3);
  call();
  stop();
  vi.advanceTimersByTime(5000);
  expect(acted).toBe(3);
});

test("all who listen to a topic share one stream, which ends with the last of them", async () => {
  const signals: AbortSignal[] = [];
  let say: (text: string) => void = () => {};
  vi.stubGlobal("fetch", async (request: Request) => {
    signals.push(request.signal);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        say = (text) => controller.enqueue(new TextEncoder().encode(text));
      },
    });
    return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
  });
  const heard = [0, 0];
  const stops = heard.map((_, index) =>
    listen("t.v1.Changed", () => {
      heard[index] = (heard[index] ?? 0) + 1;
    }),
  );
  await vi.waitFor(() => expect(signals.length).toBe(1));
  say('{"topic":"t.v1.Changed"}\n');
  await vi.waitFor(() => expect(heard).toEqual([1, 1]));
  stops[0]?.();
  expect(signals[0]?.aborted).toBe(false);
  stops[1]?.();
  expect(signals[0]?.aborted).toBe(true);
  expect(signals.length).toBe(1);
});

import { describe, expect, it } from "vitest";
import { detailOf } from "./audit";
import { draw } from "./drawing";
import { pretty } from "./json";
import { share } from "./progress";
import { consequences } from "./rollback";
import { spanOf, took } from "./steps";

describe("operations", () => {
  it("say how much is done where that is known", () => {
    expect(share({ progress: { done: "3", total: "12" } })).toBe(25);
    expect(share({ progress: { done: "3" } })).toBeUndefined();
    expect(share({ state: "OPERATION_STATE_SUCCEEDED" })).toBe(100);
  });

  it("draw steps within the span of all of them", () => {
    const now = Date.parse("2026-01-31T12:00:10Z");
    const steps = [
      { startTime: "2026-01-31T12:00:00Z", endTime: "2026-01-31T12:00:04Z" },
      { startTime: "2026-01-31T12:00:05Z" },
      {},
    ];
    expect(steps.map((step) => took(step, now))).toEqual([4000, 5000, 0]);
    expect(spanOf(steps, now)).toEqual({ from: now - 10_000, to: now });
    expect(spanOf([], now)).toEqual({ from: now, to: now });
  });

  it("tell the rest of a change in words", () => {
    expect(detailOf('{"reason":"lunch","from":null,"compliance_tags":["gdpr"]}')).toBe(
      'reason: lunch · compliance tags: ["gdpr"]',
    );
    expect(detailOf("no json")).toBe("no json");
  });

  it("break the lines of JSON and of nothing else", () => {
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(pretty("a: 1")).toBe("a: 1");
  });

  it("are drawn on one axis: states, steps, checkpoints", () => {
    const at = (second: number) => `2026-01-31T12:00:${String(second).padStart(2, "0")}Z`;
    const states = [
      { number: "1", toState: "OPERATION_STATE_QUEUED", changeTime: at(0) },
      { number: "2", toState: "OPERATION_STATE_RUNNING", changeTime: at(10) },
      { number: "3", toState: "OPERATION_STATE_SUCCEEDED", changeTime: at(40) },
    ] as const;
    const steps = [{ seq: "1", name: "load", state: "STEP_STATE_DONE", startTime: at(10), endTime: at(20) }] as const;
    const drawing = draw([...states], [...steps], [{ id: "c", name: "half", createTime: at(20) }], Date.parse(at(59)));
    expect(drawing?.states.map((one) => [one.from, one.to, one.tone])).toEqual([
      [0, 0.25, "plain"],
      [0.25, 1, "info"],
    ]);
    expect(drawing?.steps.map((one) => [one.from, one.to, one.tone])).toEqual([[0.25, 0.5, "good"]]);
    expect(drawing?.flags).toEqual([{ key: "c", name: "half", at: 0.5 }]);
    expect(drawing?.ticks.map((one) => one.at)).toEqual([0, 0.25, 0.5, 0.75]);
    expect(draw([], [], [], 0)).toBeUndefined();
  });

  it("say what rolling back comes to before it is done", () => {
    const steps = [
      { seq: "1", name: "before", kind: "STEP_KIND_CALL", state: "STEP_STATE_DONE" },
      {
        seq: "2",
        name: "load",
        kind: "STEP_KIND_CALL",
        compensation: { name: "unload", state: "COMPENSATION_STATE_READY" },
      },
      { seq: "3", name: "nap", kind: "STEP_KIND_TIMER" },
      { seq: "4", name: "mail", kind: "STEP_KIND_CALL", state: "STEP_STATE_DONE" },
      { seq: "5", name: "gone", kind: "STEP_KIND_CALL", rolledBack: true },
      {
        seq: "6",
        name: "start report",
        kind: "STEP_KIND_CHILD",
        compensation: { name: "rolls that job back", state: "COMPENSATION_STATE_READY" },
      },
      { seq: "7", name: "join report", kind: "STEP_KIND_CHILD" },
    ] as Parameters<typeof consequences>[0];
    expect(consequences(steps, 1)).toEqual([
      { seq: "6", name: "start report", undoneBy: "rolls that job back" },
      { seq: "4", name: "mail", why: "no compensation" },
      { seq: "2", name: "load", undoneBy: "unload" },
    ]);
  });
});

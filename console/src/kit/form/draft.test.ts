import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { ApiError } from "@/api/errors";
import { changed, useDraft } from "./draft";

const OF = "tessera.metadata.v1.Entity";
const fields = ["name", "code", "kind", "attributes"];

function begin(first: Record<string, unknown>) {
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => createElement(QueryClientProvider, { client }, children);
  return renderHook(() => useDraft(OF, first, "entity", fields), { wrapper }).result;
}

test("only what differs is changed; empty is not given, and what the server fills is left out", () => {
  expect(changed({ name: "A", tags: ["x"] }, { name: "B", tags: ["x"] })).toEqual(["name"]);
  expect(changed({ name: "A" }, { name: "A", owner: "", tags: [], sensitive: false })).toEqual([]);
  expect(changed({ name: "A", owner: "B" }, { name: "A" })).toEqual(["owner"]);
  expect(changed({ etag: "1", version: "1" }, { etag: "2", version: "2" })).toEqual([]);
});

test("a step shows its own fields' faults once it was looked at, and no others", async () => {
  const draft = begin({});
  await waitFor(() => expect(draft.current.holds(["attributes"])).toBe(true));
  expect(draft.current.holds(["name"])).toBe(false);
  expect(draft.current.violations).toEqual([]);
  act(() => draft.current.look(["name"]));
  expect(draft.current.violations.map((one) => one.field)).toEqual(["name"]);
});

test("what the rules refuse is not sent; what the server refuses stands at its field until the value is another", async () => {
  const draft = begin({ name: "Visit", code: "Bad Code", kind: "ENTITY_KIND_EVENT" });
  await waitFor(() => expect(draft.current.holds(["name"])).toBe(true));
  const send = vi.fn(async () => {
    throw new ApiError({
      message: "refused",
      code: "INVALID_ARGUMENT",
      violations: [{ field: "entity.code", description: "is taken", reason: "TAKEN" }],
    });
  });
  await act(async () => expect(await draft.current.save(send)).toBe(false));
  expect(send).not.toHaveBeenCalled();
  const id = draft.current.requestId;
  act(() => draft.current.set({ ...draft.current.value, code: "visit" }));
  await act(async () => expect(await draft.current.save(send)).toBe(false));
  expect(send).toHaveBeenCalledWith(id);
  expect(draft.current.violations).toEqual([{ field: "code", description: "is taken", reason: "TAKEN" }]);
  // Another body is another request.
  expect(draft.current.requestId).not.toBe(id);
  act(() => draft.current.set({ ...draft.current.value, code: "visits" }));
  expect(draft.current.violations).toEqual([]);
});

test("a request that may have arrived is sent again under the same id", async () => {
  const draft = begin({ name: "Visit", code: "visit", kind: "ENTITY_KIND_EVENT" });
  await waitFor(() => expect(draft.current.holds(["name"])).toBe(true));
  const id = draft.current.requestId;
  await act(async () => {
    await draft.current.save(async () => {
      throw new ApiError({ message: "no answer", code: "UNREACHABLE" });
    });
  });
  expect(draft.current.requestId).toBe(id);
});

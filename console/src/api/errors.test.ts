import { expect, test } from "vitest";
import { ApiError, asApiError, toApiError } from "./errors";

const info = (reason: string, metadata = {}) => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  metadata,
});

test("a refusal tells its reason, its fields, and the request", () => {
  const error = toApiError(
    400,
    {
      status: "INVALID_ARGUMENT",
      message: "entity.code: is taken",
      request_id: "r1",
      details: [
        info("TAKEN"),
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field: "entity.code", description: "is taken", reason: "TAKEN" }],
        },
      ],
    },
    "from the header",
  );
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", reason: "TAKEN", requestId: "r1", passing: false });
  expect(error.violations).toEqual([{ field: "entity.code", description: "is taken", reason: "TAKEN" }]);
});

test("what stands between passes by: it may be tried again, and when", () => {
  const busy = toApiError(
    429,
    {
      status: "RESOURCE_EXHAUSTED",
      message: "too many",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.2s" }],
    },
    "",
  );
  expect(busy.passing).toBe(true);
  expect(busy.advice).toContain("2 seconds");
  // A proxy in between answers without a body of ours.
  expect(toApiError(503, "<html>", "r2")).toMatchObject({ code: "UNAVAILABLE", requestId: "r2", passing: true });
});

test("the advice names the permission, and the request only where there is one", () => {
  const denied = toApiError(
    403,
    { status: "PERMISSION_DENIED", details: [info("DENIED", { permission: "a.b.c" })] },
    "",
  );
  expect(denied.advice).toContain("a.b.c");
  expect(new ApiError({ message: "x", code: "INTERNAL", requestId: "r" }).advice).toContain("request id");
  expect(new ApiError({ message: "x" }).advice).not.toContain("request id");
});

test("anything thrown becomes an error of ours", () => {
  expect(asApiError(new TypeError("Failed to fetch")).code).toBe("UNREACHABLE");
  expect(asApiError("text").message).toBe("text");
  const own = new ApiError({ message: "x" });
  expect(asApiError(own)).toBe(own);
});

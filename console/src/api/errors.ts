// Why a call failed, as the edge says it: google.rpc.Status with its typed details.

/** One field that does not hold, and why. */
export interface Violation {
  /** Path of the field, such as `entity.attributes[0].code`. */
  field: string;
  description: string;
  reason: string;
}

interface Detail {
  "@type"?: string;
  reason?: string;
  metadata?: Record<string, string>;
  fieldViolations?: Partial<Violation>[];
  retryDelay?: string;
  links?: { description?: string; url?: string }[];
  violations?: { type?: string; subject?: string; description?: string }[];
}

interface StatusBody {
  status?: string;
  message?: string;
  details?: Detail[];
  request_id?: string;
}

/** A call that failed. */
export class ApiError extends Error {
  /** Name of the code, such as `NOT_FOUND`; `UNREACHABLE` where no answer came at all. */
  readonly code: string;
  /** The stable reason, such as `ETAG_MISMATCH`; empty where none was given. */
  readonly reason: string;
  readonly violations: Violation[];
  readonly metadata: Record<string, string>;
  /** Names the request in the server's log. */
  readonly requestId: string;
  /** Seconds after which it may be tried again; 0 where the server said nothing. */
  readonly retryAfter: number;

  constructor(
    given: Partial<Pick<ApiError, "code" | "reason" | "violations" | "metadata" | "requestId" | "retryAfter">> & {
      message: string;
    },
  ) {
    super(given.message);
    this.name = "ApiError";
    this.code = given.code ?? "UNKNOWN";
    this.reason = given.reason ?? "";
    this.violations = given.violations ?? [];
    this.metadata = given.metadata ?? {};
    this.requestId = given.requestId ?? "";
    this.retryAfter = given.retryAfter ?? 0;
  }

  /** Whether the server, or the way to it, is the cause, so that trying again makes sense. */
  get passing(): boolean {
    return ["UNAVAILABLE", "UNREACHABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"].includes(this.code);
  }

  /** What a person can do about it. */
  get advice(): string {
    switch (this.code) {
      case "UNREACHABLE":
        return "The console tries again by itself as soon as the server answers.";
      case "UNAVAILABLE":
      case "DEADLINE_EXCEEDED":
        return "The service is busy or restarting. Try again in a moment.";
      case "RESOURCE_EXHAUSTED":
        return this.retryAfter > 0 ? `Try again in ${this.retryAfter} seconds.` : "Try again a little later.";
      case "PERMISSION_DENIED":
        return this.metadata.permission
          ? `It needs the permission ${this.metadata.permission}. An administrator of your tenant can give it.`
          : "An administrator of your tenant can give you the permission.";
      case "NOT_FOUND":
        return "It may have been deleted, or the link is from another tenant.";
      case "ABORTED":
        return "Someone changed it in the meantime. Reload to see the newest version, then make your change again.";
      case "INTERNAL":
      case "UNKNOWN":
        return this.requestId
          ? "This is a fault of the server. Its log names the cause under the request id."
          : "Try again; if it stays so, tell whoever runs the installation.";
      default:
        return "";
    }
  }
}

/** The error that an answer's body tells of. */
export function toApiError(status: number, body: unknown, requestId: string): ApiError {
  const parsed: StatusBody = typeof body === "object" && body !== null ? (body as StatusBody) : {};
  const details = parsed.details ?? [];
  const of = (name: string) => details.find((detail) => detail["@type"]?.endsWith(`google.rpc.${name}`));
  const info = of("ErrorInfo");
  return new ApiError({
    message: parsed.message || `the server answered ${status}`,
    code: parsed.status ?? (status === 502 || status === 503 || status === 504 ? "UNAVAILABLE" : "UNKNOWN"),
    reason: info?.reason ?? "",
    metadata: info?.metadata ?? {},
    violations: (of("BadRequest")?.fieldViolations ?? []).map((violation) => ({
      field: violation.field ?? "",
      description: violation.description ?? "",
      reason: violation.reason ?? "",
    })),
    requestId: parsed.request_id ?? requestId,
    retryAfter: Math.ceil(Number.parseFloat(of("RetryInfo")?.retryDelay ?? "0")) || 0,
  });
}

/** Anything thrown, as an `ApiError`. */
export function asApiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  if (cause instanceof TypeError) {
    return new ApiError({ message: "The server cannot be reached.", code: "UNREACHABLE" });
  }
  return new ApiError({ message: cause instanceof Error ? cause.message : String(cause) });
}

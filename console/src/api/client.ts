// Calls operations of the edge by name: token, request id, errors, streams.
import createClient from "openapi-fetch";
import { type Input, type Operation, type Output, route } from "./contract";
import { ApiError, asApiError, toApiError } from "./errors";
import * as session from "./session";

/** fetch with the session's token, and once more where the token had just ended. */
export async function authorized(request: Request): Promise<Response> {
  const again = request.clone();
  const first = await session.token();
  if (first) request.headers.set("authorization", `Bearer ${first}`);
  const answer = await reach(request);
  if (answer.status !== 401 || !first) return answer;
  if (!(await session.another(first))) return answer;
  const second = await session.token();
  if (second) again.headers.set("authorization", `Bearer ${second}`);
  return reach(again);
}

type Watcher = (reachable: boolean) => void;
const watchers = new Set<Watcher>();

/** Hears of every call whether the server could be reached. */
export function onReach(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

async function reach(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    for (const watcher of watchers) watcher(true);
    return answer;
  } catch (cause) {
    if (!(cause instanceof DOMException && cause.name === "AbortError")) {
      for (const watcher of watchers) watcher(false);
    }
    throw cause;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the types are those of `call`, by operation and not by path
const client = createClient<any>({ baseUrl: "/", fetch: authorized });

/** How an operation is called, besides its input. */
export interface CallOptions {
  signal?: AbortSignal;
}

/** Calls an operation; throws an `ApiError`. */
export async function call<Op extends Operation>(
  op: Op,
  input?: Input<Op>,
  options: CallOptions = {},
): Promise<Output<Op>> {
  const { method, path } = route(op);
  const given = (input ?? {}) as { path?: object; query?: object; body?: unknown };
  try {
    const { data, error, response } = await client.request(
      method as "get",
      path as never,
      {
        params: { path: given.path, query: given.query },
        body: given.body ?? (method === "post" ? {} : undefined),
        signal: options.signal,
      } as never,
    );
    if (!response.ok) throw toApiError(response.status, error, response.headers.get("x-request-id") ?? "");
    return data as Output<Op>;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw asApiError(cause);
  }
}

/** How a stream is read. */
export interface StreamOptions extends CallOptions {
  /** Called when the server has begun to answer. */
  opened?: () => void;
}

/** Reads a server stream message by message, until it ends or `signal` stops it. */
export async function* stream<Op extends Operation>(
  op: Op,
  input?: Input<Op>,
  options: StreamOptions = {},
): AsyncGenerator<Output<Op>> {
  const { method, path } = route(op);
  const given = (input ?? {}) as { path?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };
  const url = new URL(
    path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(given.path?.[name] ?? "")),
    window.location.origin,
  );
  for (const [name, value] of Object.entries(given.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== "") url.searchParams.append(name, String(one));
    }
  }
  const request = new Request(url, {
    method: method.toUpperCase(),
    headers: { accept: "application/x-ndjson", "content-type": "application/json" },
    body: method === "get" ? undefined : JSON.stringify(given.body ?? {}),
    signal: options.signal,
  });
  const answer = await authorized(request).catch((cause: unknown) => {
    throw asApiError(cause);
  });
  if (!answer.ok || !answer.body) {
    const body: unknown = await answer.json().catch(() => ({}));
    throw toApiError(answer.status, body, answer.headers.get("x-request-id") ?? "");
  }
  options.opened?.();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.filter((text) => text.trim())) {
      const message: unknown = JSON.parse(line);
      if (typeof message === "object" && message !== null && "error" in message) {
        throw toApiError(500, message.error, answer.headers.get("x-request-id") ?? "");
      }
      yield message as Awaited<Output<Op>>;
    }
    if (done) return;
  }
}

/** A request id for a create: the same one again answers what was created then. */
export function newRequestId(): string {
  return crypto.randomUUID();
}

/** Every item of a list, page by page; stops at `most`. */
export async function all<Op extends Operation>(
  op: Op,
  items: keyof Output<Op> & string,
  input: Input<Op>,
  most = 10_000,
  signal?: AbortSignal,
): Promise<unknown[]> {
  const found: unknown[] = [];
  let pageToken: string | undefined;
  do {
    const query = { pageSize: 500, ...((input as { query?: object }).query ?? {}), pageToken };
    const page = (await call(op, { ...input, query } as Input<Op>, { signal })) as Record<string, unknown>;
    found.push(...((page[items] as unknown[] | undefined) ?? []));
    pageToken = (page.nextPageToken as string | undefined) || undefined;
  } while (pageToken && found.length < most);
  return found;
}

export { ApiError };

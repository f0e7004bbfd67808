// The session: tokens kept in this browser, renewed before they end, shared by all tabs.
//
// A refresh token works once; showing it twice ends the session. Tabs therefore share one stored pair and renew it
// under a lock that the browser holds for all of them. A pasted API token lives in this tab only, until it closes.
import { ApiError, toApiError } from "./errors";

interface Pair {
  kind: "session";
  access: string;
  /** When the access token ends, by this machine's clock. */
  accessEnds: number;
  refresh: string;
}
interface Pasted {
  kind: "token";
  access: string;
}
type Session = Pair | Pasted;

const KEY = "tessera.session";
/** Renewed so long before the end. */
const MARGIN = 45_000;
const listeners = new Set<() => void>();

function read(): Session | null {
  for (const store of [sessionStorage, localStorage]) {
    const text = store.getItem(KEY);
    if (text) {
      try {
        return JSON.parse(text) as Session;
      } catch {
        store.removeItem(KEY);
      }
    }
  }
  return null;
}

let current: Session | null = read();

function keep(session: Session | null) {
  current = session;
  sessionStorage.removeItem(KEY);
  if (session?.kind === "token") sessionStorage.setItem(KEY, JSON.stringify(session));
  else if (session) localStorage.setItem(KEY, JSON.stringify(session));
  else localStorage.removeItem(KEY);
  for (const listener of listeners) listener();
}

window.addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return;
  current = read();
  for (const listener of listeners) listener();
});

/** Calls `listener` when someone signs in or out, here or in another tab. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether someone is signed in. */
export const isSignedIn = () => current !== null;

/** Whether it is a session, which can be signed out of, and no pasted token. */
export const isSession = () => current?.kind === "session";

/** How long a token lives from its issue, by its own claims: this machine's clock may differ from the server's. */
function lifetime(token: string): number {
  try {
    const part = token.split(".")[1] ?? "";
    const claims = JSON.parse(atob(part.replace(/-/g, "+").replace(/_/g, "/"))) as { iat?: number; exp?: number };
    return claims.iat && claims.exp ? (claims.exp - claims.iat) * 1000 : 60_000;
  } catch {
    return 60_000;
  }
}

async function post(path: string, body: unknown, token?: string): Promise<Record<string, string>> {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  const json: unknown = await answer.json().catch(() => ({}));
  if (!answer.ok) throw toApiError(answer.status, json, answer.headers.get("x-request-id") ?? "");
  return json as Record<string, string>;
}

function pair(answer: Record<string, string>): Pair {
  const access = answer.accessToken ?? "";
  return {
    kind: "session",
    access,
    accessEnds: Date.now() + lifetime(access),
    refresh: answer.refreshToken ?? "",
  };
}

/** Begins a session. */
export async function signIn(given: { tenant: string; email: string; password: string; newPassword?: string }) {
  keep(pair(await post("/api/v1/identity/sessions:signIn", given)));
}

/** Uses an API token in this tab; fails where the server does not accept it. */
export async function signInWithToken(token: string) {
  const answer = await fetch("/api/v1/identity/self", { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) {
    throw toApiError(answer.status, await answer.json().catch(() => ({})), answer.headers.get("x-request-id") ?? "");
  }
  keep({ kind: "token", access: token });
}

/** Ends the session here and on the server. What the server says to it changes nothing: this browser forgets it. */
export async function signOut() {
  const session = current;
  keep(null);
  if (session?.kind !== "session") return;
  await post("/api/v1/identity/sessions:signOut", {}, session.access).catch(() => undefined);
}

/** Forgets a session that the server no longer accepts. */
export function forget() {
  if (current) keep(null);
}

function locked<T>(work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? (navigator.locks.request(KEY, work) as Promise<T>) : work();
}

/** Renews the pair unless another tab has done so while this one waited. */
async function renew(seen: string): Promise<void> {
  await locked(async () => {
    const stored = read();
    if (stored?.kind !== "session") {
      keep(null);
      return;
    }
    if (stored.access !== seen) {
      current = stored;
      return;
    }
    try {
      keep(pair(await post("/api/v1/identity/sessions:refresh", { refreshToken: stored.refresh })));
    } catch (cause) {
      // The server refuses the token: the session is over. Anything else passes, and the token may still be good.
      if (cause instanceof ApiError && ["UNAUTHENTICATED", "INVALID_ARGUMENT"].includes(cause.code)) keep(null);
      else throw cause;
    }
  });
}

let renewing: Promise<void> | null = null;

function renewOnce(seen: string): Promise<void> {
  renewing ??= renew(seen).finally(() => {
    renewing = null;
  });
  return renewing;
}

/** The token to call with, renewed where it is about to end; null where nobody is signed in. */
export async function token(): Promise<string | null> {
  if (current?.kind === "session" && current.accessEnds - Date.now() < MARGIN) {
    const { access, accessEnds } = current;
    await renewOnce(access).catch((cause: unknown) => {
      if (accessEnds < Date.now()) throw cause;
    });
  }
  return current?.access ?? null;
}

/** After a 401: true if there is another token to try with. */
export async function another(refused: string): Promise<boolean> {
  if (current && current.access !== refused) return true;
  if (current?.kind === "session") {
    await renewOnce(refused);
    return current !== null && (current as Session).access !== refused;
  }
  keep(null);
  return false;
}

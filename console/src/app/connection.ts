// Whether the server answers, and what holds it back. A lost connection is looked for quietly, and what is on the
// page is asked for again when it is back.
import type { QueryClient } from "@tanstack/react-query";
import { onReach } from "@/api/client";
import { store, useStore } from "./store";

export interface Connection {
  state: "live" | "degraded" | "lost";
  /** What holds the process back, as /readyz says: `<service>: <why>`. */
  waiting: string[];
  /** When it was last asked. */
  at: number;
  /** When it last answered. */
  answered: number;
}

const connection = store<Connection>({ state: "live", waiting: [], at: 0, answered: Date.now() });
/** How often a server that answers is asked; a page that nobody looks at asks less. */
const EVERY = 5_000;
const UNSEEN = 60_000;
let timer: ReturnType<typeof setTimeout> | undefined;
let attempts = 0;

async function ask(client: QueryClient) {
  clearTimeout(timer);
  const before = connection.get().state;
  try {
    const answer = await fetch("/readyz", { cache: "no-store" });
    const body = (await answer.json()) as { waiting?: string[] };
    const waiting = body.waiting ?? [];
    const now = Date.now();
    connection.set({ state: answer.ok ? "live" : "degraded", waiting, at: now, answered: now });
    attempts = 0;
    if (before === "lost") void client.invalidateQueries();
  } catch {
    attempts += 1;
    connection.set((before) => ({ ...before, state: "lost", waiting: [], at: Date.now() }));
  }
  const usual = document.hidden ? UNSEEN : EVERY;
  const pause = connection.get().state === "lost" ? Math.min(500 * 2 ** (attempts - 1), usual) : usual;
  timer = setTimeout(() => void ask(client), pause);
}

/** Follows the connection until the answer is called. */
export function watchConnection(client: QueryClient): () => void {
  const now = () => void ask(client);
  const stop = onReach((reachable) => {
    if (reachable !== (connection.get().state !== "lost")) now();
  });
  window.addEventListener("online", now);
  window.addEventListener("offline", now);
  const seen = () => document.hidden || now();
  document.addEventListener("visibilitychange", seen);
  now();
  return () => {
    stop();
    clearTimeout(timer);
    window.removeEventListener("online", now);
    window.removeEventListener("offline", now);
    document.removeEventListener("visibilitychange", seen);
  };
}

/** The connection, followed. */
export const useConnection = () => useStore(connection);

// Following a server stream for as long as somebody looks: one that broke is begun anew, after a pause that grows.
import { stream } from "./client";
import type { Input, Operation, Output } from "./contract";
import { ApiError } from "./errors";

/** How long a stream that broke is left alone, at first and at most, in milliseconds. */
const PAUSE = [500, 30_000] as const;
/** What another try would be answered just the same. */
const FINAL = ["PERMISSION_DENIED", "NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "UNIMPLEMENTED"];

export interface Follower<Message> {
  take: (message: Message) => void;
  /** It is open; `again` where it was before, so that something may have been missed. */
  opened?: (again: boolean) => void;
  /** It broke, or could not be opened; `final` where it is not tried again. */
  lost?: (cause: unknown, final: boolean) => void;
}

/**
 * Follows a stream until the answer is called. A page that nobody looks at holds no connection. `input` is asked each
 * time it is opened, so that one that broke can go on where it was.
 */
export function follow<Op extends Operation>(
  op: Op,
  input: () => Input<Op>,
  follower: Follower<Output<Op>>,
): () => void {
  let running: AbortController | undefined;
  let opened = false;
  const read = async (signal: AbortSignal) => {
    let pause: number = PAUSE[0];
    while (!signal.aborted) {
      try {
        const open = () => {
          follower.opened?.(opened);
          opened = true;
        };
        for await (const message of stream(op, input(), { signal, opened: open })) {
          pause = PAUSE[0];
          follower.take(message);
        }
      } catch (cause) {
        if (signal.aborted) return;
        const final = cause instanceof ApiError && FINAL.includes(cause.code);
        follower.lost?.(cause, final);
        if (final) return;
      }
      // Not all at once: those who lost the same server come back one by one.
      const wait = pause * (0.5 + Math.random() / 2);
      await new Promise((resolve) => setTimeout(resolve, wait));
      pause = Math.min(pause * 2, PAUSE[1]);
    }
  };
  const turn = () => {
    if (document.hidden) {
      running?.abort();
      running = undefined;
    } else if (!running) {
      running = new AbortController();
      void read(running.signal);
    }
  };
  document.addEventListener("visibilitychange", turn);
  turn();
  return () => {
    document.removeEventListener("visibilitychange", turn);
    running?.abort();
    running = undefined;
  };
}

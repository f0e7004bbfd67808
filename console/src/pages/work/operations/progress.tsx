// How far an operation is, and following it while it runs.
import { Progress } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { stream } from "@/api/client";
import type { Message } from "@/api/contract";
import { keyOf } from "@/api/hooks";
import { formatNumber } from "@/kit/format";

export type Operation = Message<"tessera.operations.v1.Operation">;

/** How much is done of 100; nothing where nobody knows. */
export function share(operation: Operation): number | undefined {
  if (operation.state === "OPERATION_STATE_SUCCEEDED") return 100;
  const [done, total] = [Number(operation.progress?.done ?? 0), Number(operation.progress?.total ?? 0)];
  return total > 0 ? Math.min(100, (done / total) * 100) : undefined;
}

/** The bar of an operation; without a total it only says what is done. */
export function OperationProgress({ operation }: { operation: Operation }) {
  const part = share(operation);
  const [done, total] = [operation.progress?.done, operation.progress?.total];
  const said = Number(total ?? 0) > 0 ? `${formatNumber(done ?? 0)} / ${formatNumber(total)}` : formatNumber(done ?? 0);
  if (part === undefined && Number(done ?? 0) === 0) return <span className="dim">–</span>;
  return (
    <div data-wide style={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: "2px 8px" }}>
      {part === undefined ? null : (
        <Progress
          value={part}
          size="sm"
          style={{ flex: 1, minWidth: 60 }}
          aria-label={`${formatNumber(part, { digits: 0 })} percent done`}
          animated={!operation.done}
        />
      )}
      {Number(done ?? 0) > 0 && (part !== 100 || done === total) ? (
        <span className="num dim" style={{ whiteSpace: "nowrap" }}>
          {said}
        </span>
      ) : null}
    </div>
  );
}

/** Follows an operation until it ends, into the cache that the page reads; begins again where the connection broke. */
export function useLive(id: string, operation: Operation | undefined) {
  const client = useQueryClient();
  const open = operation !== undefined && !operation.done;
  useEffect(() => {
    if (!open) return;
    const stop = new AbortController();
    const follow = async () => {
      while (!stop.signal.aborted) {
        try {
          for await (const now of stream(
            "OperationsService_WatchOperation",
            { path: { id } },
            { signal: stop.signal },
          )) {
            client.setQueryData(keyOf("OperationsService_GetOperation", { path: { id } }), now);
          }
        } catch {
          // The next turn asks again; the page goes on showing what it had.
        }
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    };
    void follow();
    return () => stop.abort();
  }, [id, open, client]);
}

/** Asks for lists again each few seconds while the page is looked at. */
export function useFresh(on: boolean, keys: string[][], every = 2000) {
  const client = useQueryClient();
  const named = JSON.stringify(keys);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "hidden") return;
      for (const queryKey of JSON.parse(named) as string[][]) void client.invalidateQueries({ queryKey });
    }, every);
    return () => clearInterval(timer);
  }, [on, named, every, client]);
}

/** Puts an answer into the cache that the page reads, and has the rest asked for again. */
export function useTaken(id: string) {
  const client = useQueryClient();
  return (now: Operation) => {
    client.setQueryData(keyOf("OperationsService_GetOperation", { path: { id } }), now);
    void client.invalidateQueries({ queryKey: ["operations"] });
  };
}

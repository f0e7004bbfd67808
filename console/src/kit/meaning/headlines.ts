// The metrics on Home: those a person has pinned in this browser, else those that the company tagged for the board.
import type { Message } from "@/api/contract";
import { useCall, useMay, useMe } from "@/api/hooks";
import { kept, useStore } from "@/app/store";

type Metric = Message<"tessera.metadata.v1.Metric">;

/** The tag that makes a metric a headline for everyone. */
export const BOARD = "board";
/** More than this is a catalogue, and there is one. */
const MOST = 8;
/** Without pins and tags the first few stand for all. */
const FIRST = 4;

const pins = kept<Record<string, string[]>>("tessera.headlines", {});

/** The ids of the metrics that the caller has pinned, and how to change them. */
export function usePins() {
  const who = useMe().data?.principalId ?? "";
  const ids = useStore(pins)[who] ?? [];
  const write = (next: string[]) => pins.set((all) => ({ ...all, [who]: next }));
  return {
    ids,
    has: (id: string) => ids.includes(id),
    add: (id: string) => write([...ids.filter((one) => one !== id), id]),
    remove: (id: string) => write(ids.filter((one) => one !== id)),
  };
}

interface Headlines {
  metrics: Metric[];
  why: "pinned" | "board" | "first";
  pending: boolean;
  error: unknown;
}

/** The metrics of Home, and why these. */
export function useHeadlines(): Headlines {
  const may = useMay();
  const { ids } = usePins();
  const live = { staleTime: 30_000 };
  const allowed = may("MetadataService_ListMetrics");
  const pinned = useCall(
    "MetadataService_BatchGetMetrics",
    { query: { ids: ids.slice(0, MOST) } },
    { ...live, enabled: allowed && ids.length > 0 },
  );
  const own = (pinned.data?.metrics ?? []).filter((one) => !one.deleteTime);
  const asksBoard = allowed && (ids.length === 0 || (pinned.isFetched && own.length === 0));
  const board = useCall(
    "MetadataService_ListMetrics",
    { query: { "filter.tags": [BOARD], orderBy: "name", pageSize: MOST } },
    { ...live, enabled: asksBoard },
  );
  const tagged = board.data?.metrics ?? [];
  const asksFirst = asksBoard && board.isFetched && tagged.length === 0;
  const first = useCall(
    "MetadataService_ListMetrics",
    { query: { orderBy: "name", pageSize: FIRST } },
    { ...live, enabled: asksFirst },
  );
  if (own.length > 0) return { metrics: own, why: "pinned", pending: false, error: null };
  if (tagged.length > 0) return { metrics: tagged, why: "board", pending: false, error: null };
  return {
    metrics: first.data?.metrics ?? [],
    why: "first",
    pending: allowed && !(asksFirst && first.isFetched) && !board.error,
    error: board.error ?? first.error,
  };
}

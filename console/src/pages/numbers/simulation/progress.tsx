// How far a run is.
import { Progress } from "@mantine/core";
import type { Message } from "@/api/contract";
import { formatNumber } from "@/kit/format";

export type Run = Message<"tessera.simulation.v1.Run">;

/** Whether nothing more will happen to it. */
export function hasEnded(run: Run): boolean {
  return run.state !== "RUN_STATE_PENDING" && run.state !== "RUN_STATE_RUNNING";
}

export function RunProgress({ run }: { run: Run }) {
  const [written, total] = [Number(run.rowsWritten ?? 0), Number(run.rowsTotal ?? 0)];
  const share = total > 0 ? Math.min(100, (written / total) * 100) : hasEnded(run) ? 100 : 0;
  return (
    <div style={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: "2px 8px" }}>
      <Progress
        value={share}
        size="sm"
        style={{ flex: 1, minWidth: 60 }}
        aria-label={`${formatNumber(written)} of ${formatNumber(total)} rows written`}
        animated={!hasEnded(run)}
      />
      <span className="num dim" style={{ whiteSpace: "nowrap" }}>
        {formatNumber(written)} / {formatNumber(total)}
      </span>
    </div>
  );
}

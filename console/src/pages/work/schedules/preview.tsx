// When a cron expression would begin operations, told by the server while one writes it.
import { useDebouncedValue } from "@mantine/hooks";
import { useCall } from "@/api/hooks";
import { formatAgo } from "@/kit/format";
import classes from "./schedules.module.css";

/** A moment as the clocks of a zone show it: `Mon 23 Nov 2026, 03:00`. */
export function inZone(at: string, zone: string): string {
  return new Intl.DateTimeFormat(undefined, {
    timeZone: zone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    ...(new Date(at).getUTCSeconds() === 0 ? {} : { second: "2-digit" }),
  }).format(new Date(at));
}

/** The next times of an expression, and what is wrong with it. */
export function usePreview(cron: string, timeZone: string) {
  const [asked] = useDebouncedValue(cron.trim(), 250);
  const query = useCall(
    "OperationsService_PreviewSchedule",
    { query: { cron: asked, timeZone: timeZone === "UTC" ? undefined : timeZone, count: 5 } },
    { enabled: asked !== "", keep: true, staleTime: 30_000 },
  );
  const wrong = query.error?.violations.find((one) => one.field === "cron")?.description;
  return {
    times: query.error ? [] : (query.data?.times ?? []),
    wrong,
    none: query.isSuccess && !query.data.times?.length,
  };
}

export function Preview({ times, none, zone }: { times: string[]; none: boolean; zone: string }) {
  return (
    <section className={classes.preview} aria-label="Next times" aria-live="polite">
      <h2 className={classes.previewTitle}>Next times</h2>
      {none ? <p className={classes.none}>It never comes: no date fits this expression.</p> : null}
      {times.length === 0 && !none ? (
        <p className={classes.none}>They are shown here once the expression is valid.</p>
      ) : null}
      <ol className={classes.times}>
        {times.map((at) => (
          <li key={at}>
            <time dateTime={at}>{inZone(at, zone)}</time> <span className="dim">{formatAgo(at)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

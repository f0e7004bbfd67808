// The timeline, drawn: states above, steps below, checkpoints as flags, all on one axis of time. The lists below say the same.
import { Tooltip } from "@mantine/core";
import type { Message } from "@/api/contract";
import { formatDuration, formatTime, words } from "@/kit/format";
import classes from "./operations.module.css";
import { took, tookWords } from "./steps";

type Change = Message<"tessera.operations.v1.StateChange">;
type Step = Message<"tessera.operations.v1.StepResult">;
type Checkpoint = Message<"tessera.operations.v1.Checkpoint">;

/** A piece of a lane, in shares of its width. */
export interface Piece {
  key: string;
  name: string;
  tone: string;
  from: number;
  to: number;
}

export interface Drawing {
  states: Piece[];
  steps: Piece[];
  flags: { key: string; name: string; at: number }[];
  ticks: { at: number; says: string }[];
}

const toneOf: Record<string, string> = {
  OPERATION_STATE_PAUSED: "warn",
  OPERATION_STATE_RUNNING: "info",
  OPERATION_STATE_SUCCEEDED: "good",
  OPERATION_STATE_FAILED: "bad",
  OPERATION_STATE_CANCELLED: "warn",
  OPERATION_STATE_ROLLING_BACK: "warn",
  OPERATION_STATE_ROLLED_BACK: "warn",
  STEP_STATE_RUNNING: "info",
  STEP_STATE_DONE: "good",
  STEP_STATE_FAILED: "bad",
  STEP_STATE_UNDONE: "warn",
};
const ended = ["SUCCEEDED", "FAILED", "CANCELLED", "ROLLED_BACK"];
const isEnd = (state: string | undefined) => ended.some((end) => state === `OPERATION_STATE_${end}`);

/** Round distances between ticks, in seconds. */
const distances = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200,
  21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000,
];

/** Where everything stands between the first moment and the last. Undefined where nothing has happened. */
export function draw(states: Change[], steps: Step[], checkpoints: Checkpoint[], now: number): Drawing | undefined {
  const times = states.flatMap((change) => (change.changeTime ? [Date.parse(change.changeTime)] : []));
  const began = times[0];
  if (began === undefined) return undefined;
  const last = states.at(-1);
  const open = !isEnd(last?.toState);
  const ends = steps.flatMap((step) => (step.startTime ? [Date.parse(step.startTime) + took(step, now)] : []));
  const till = Math.max(...times, ...(open ? [now] : ends), began + 1);
  const share = (at: number) => Math.min(1, Math.max(0, (at - began) / (till - began)));
  const pieces = states.flatMap((change, index): Piece[] => {
    const from = times[index];
    if (from === undefined || isEnd(change.toState)) return [];
    const to = times[index + 1] ?? till;
    const lasted = formatDuration(`${(to - from) / 1000}s`);
    return [
      {
        key: String(change.number),
        name: `${words(change.toState)}${lasted ? `, ${lasted}` : ""}`,
        tone: toneOf[change.toState ?? ""] ?? "plain",
        from: share(from),
        to: share(to),
      },
    ];
  });
  const done = steps.flatMap((step): Piece[] => {
    if (!step.startTime) return [];
    const from = Date.parse(step.startTime);
    return [
      {
        key: String(step.seq),
        name: `${step.seq} ${step.name}: ${words(step.state).toLowerCase()}, ${tookWords(step, now)}`,
        tone: toneOf[step.state ?? ""] ?? "plain",
        from: share(from),
        to: share(from + took(step, now)),
      },
    ];
  });
  const flags = checkpoints.flatMap((point) =>
    point.createTime
      ? [{ key: point.id ?? "", name: point.name || words(point.type), at: share(Date.parse(point.createTime)) }]
      : [],
  );
  const span = (till - began) / 1000;
  const distance = distances.find((one) => span / one <= 6) ?? span;
  const ticks = Array.from({ length: Math.floor(span / distance) + 1 }, (_, index) => ({
    at: (index * distance) / span,
    says: index === 0 ? "0" : formatDuration(`${Number((index * distance).toPrecision(6))}s`),
  })).filter((tick) => tick.at < 0.88);
  return { states: pieces, steps: done, flags, ticks };
}

function Lane({ title, pieces }: { title: string; pieces: Piece[] }) {
  return (
    <div className={classes.lane}>
      <span className={classes.laneName}>{title}</span>
      <span className={classes.laneTrack}>
        {pieces.map((piece) => (
          <Tooltip key={piece.key} label={piece.name}>
            <span
              className={classes.piece}
              data-tone={piece.tone}
              style={{ left: `${piece.from * 100}%`, width: `max(2px, ${(piece.to - piece.from) * 100}%)` }}
            />
          </Tooltip>
        ))}
      </span>
    </div>
  );
}

interface Props {
  states: Change[];
  steps: Step[];
  checkpoints: Checkpoint[];
}

export function DrawnTimeline({ states, steps, checkpoints }: Props) {
  const drawing = draw(states, steps, checkpoints, Date.now());
  if (!drawing) return null;
  const says = drawing.states.map((piece) => piece.name).join("; ");
  return (
    <div className={classes.drawing} role="img" aria-label={`From ${formatTime(states[0]?.changeTime)}: ${says}`}>
      <div className={classes.lane}>
        <span className={classes.laneName} />
        <span className={classes.axis}>
          {drawing.ticks.map((tick) => (
            <span key={tick.at} className={classes.tick} style={{ left: `${tick.at * 100}%` }}>
              {tick.says}
            </span>
          ))}
        </span>
      </div>
      <Lane title="State" pieces={drawing.states} />
      {drawing.steps.length > 0 ? <Lane title="Steps" pieces={drawing.steps} /> : null}
      {drawing.flags.length > 0 ? (
        <div className={classes.lane}>
          <span className={classes.laneName}>Checkpoints</span>
          <span className={classes.laneTrack} data-bare>
            {drawing.flags.map((flag) => (
              <Tooltip key={flag.key} label={flag.name}>
                <span className={classes.flag} style={{ left: `${flag.at * 100}%` }} />
              </Tooltip>
            ))}
          </span>
        </div>
      ) : null}
    </div>
  );
}

// Two panes with a divider that is moved by hand or by the arrow keys; its place is kept.
import { type ReactNode, useRef } from "react";
import { kept, useStore } from "@/app/store";
import classes from "./split.module.css";

const widths = kept<Record<string, number>>("tessera.splits", {});

interface Props {
  /** Where its place is kept. */
  name: string;
  /** What the divider divides, for those who do not see it. */
  label: string;
  first: number;
  least?: number;
  most?: number;
  /** Which pane has the width; the other one gets the rest. */
  side?: "start" | "end";
  start: ReactNode;
  end: ReactNode;
}

export function Split({ name, label, first, least = 160, most = 560, side = "start", start, end }: Props) {
  const width = useStore(widths)[name] ?? first;
  const box = useRef<HTMLDivElement>(null);
  const set = (next: number) =>
    widths.set((now) => ({ ...now, [name]: Math.round(Math.max(least, Math.min(most, next))) }));
  const columns = side === "start" ? `${width}px 9px minmax(0, 1fr)` : `minmax(0, 1fr) 9px ${width}px`;
  return (
    <div ref={box} className={classes.split} style={{ gridTemplateColumns: columns }}>
      <div className={classes.pane}>{start}</div>
      <div
        className={classes.divider}
        role="separator"
        aria-label={label}
        aria-orientation="vertical"
        aria-valuenow={width}
        aria-valuemin={least}
        aria-valuemax={most}
        tabIndex={0}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
          if (!step) return;
          event.preventDefault();
          set(width + (side === "start" ? step : -step));
        }}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          const area = box.current?.getBoundingClientRect();
          if (area) set(side === "start" ? event.clientX - area.left : area.right - event.clientX);
        }}
      />
      <div className={classes.pane}>{end}</div>
    </div>
  );
}

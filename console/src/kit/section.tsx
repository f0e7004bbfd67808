// A part of a page under a heading of its own.
import type { ReactNode } from "react";
import classes from "./section.module.css";

/** A heading, what one can do there, and what it is of. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <div className={classes.sectionHead}>
        <h2 className={classes.sectionTitle}>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

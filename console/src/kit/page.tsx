// The head of every page: where one is, what it is called, what it is for, what one can do.
import { Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import classes from "./page.module.css";

interface Props {
  title: string;
  /** One line: what the page is for. */
  purpose?: ReactNode;
  /** The page above this one. */
  above?: { title: string; to: string };
  actions?: ReactNode;
  /** Beside the title: a state, a code. */
  beside?: ReactNode;
  /** Whether the page scrolls in parts of its own, such as a table that fills it. */
  fills?: boolean;
  children: ReactNode;
}

/** A page with its head. */
export function Page({ title, purpose, above, actions, beside, fills, children }: Props) {
  useEffect(() => {
    document.title = title ? `${title} · Tessera` : "Tessera";
  }, [title]);
  return (
    <div className={classes.page} data-fills={fills || undefined}>
      <header className={classes.head}>
        <div className={classes.words}>
          {above ? (
            <Link to={above.to} className={classes.above}>
              {above.title}
            </Link>
          ) : null}
          <div className={classes.line}>
            <h1 className={classes.title}>
              {title || (
                <>
                  <span className="unseen">Loading</span>
                  <Skeleton component="span" display="block" height={20} width={200} my={3} />
                </>
              )}
            </h1>
            {beside}
          </div>
          {purpose ? <p className={classes.purpose}>{purpose}</p> : null}
        </div>
        {actions ? <div className={classes.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

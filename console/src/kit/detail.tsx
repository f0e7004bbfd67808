// The detail of one thing: its head, its tabs, and beside them the facts and what it hangs together with.
import { Skeleton, Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./detail.module.css";
import { Page } from "./page";
import { ErrorState } from "./states";
import { useUrlState } from "./url";

export { Section } from "./section";

export interface Tab {
  id: string;
  title: string;
  /** How many things are in it. */
  count?: number;
  content: ReactNode;
}

interface Props {
  title: string;
  code?: string;
  above: { title: string; to: string };
  purpose?: ReactNode;
  beside?: ReactNode;
  actions?: ReactNode;
  tabs: Tab[];
  /** The right column. */
  facts?: ReactNode;
  query?: { isPending: boolean; error: unknown; refetch: () => unknown };
}

/** The page of one thing. The open tab is in the address. */
export function Detail({ title, code, above, purpose, beside, actions, tabs, facts, query }: Props) {
  const [tab, setTab] = useUrlState("tab", tabs[0]?.id);
  if (query?.error) {
    return (
      <Page title={above.title}>
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  if (query?.isPending) return <DetailSkeleton above={above} />;
  const open = tabs.some((one) => one.id === tab) ? tab : (tabs[0]?.id ?? "");
  return (
    <Page
      title={title}
      above={above}
      purpose={purpose}
      actions={actions}
      beside={
        <>
          {code ? <span className="mono dim">{code}</span> : null}
          {beside}
        </>
      }
    >
      <div className={classes.columns}>
        <div className={classes.main}>
          {tabs.length > 1 ? (
            <Tabs value={open} onChange={(next) => setTab(next ?? "")}>
              <Tabs.List className={classes.tabs}>
                {tabs.map((one) => (
                  <Tabs.Tab key={one.id} value={one.id}>
                    {one.title}
                    {one.count === undefined ? null : <span className={classes.count}>{one.count}</span>}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              {tabs.map((one) => (
                <Tabs.Panel key={one.id} value={one.id}>
                  {one.content}
                </Tabs.Panel>
              ))}
            </Tabs>
          ) : (
            tabs[0]?.content
          )}
        </div>
        {facts ? (
          <aside className={classes.facts} aria-label="Facts">
            {facts}
          </aside>
        ) : null}
      </div>
    </Page>
  );
}

function DetailSkeleton({ above }: { above: Props["above"] }) {
  return (
    <Page title="" above={above}>
      <div role="status" aria-label="Loading" className={classes.columns}>
        <div className={classes.main}>
          {[80, 92, 74, 88, 83].map((width) => (
            <Skeleton key={width} height={11} width={`${width}%`} mb={16} />
          ))}
        </div>
        <div className={classes.facts}>
          {[60, 72, 54, 66].map((width) => (
            <Skeleton key={width} height={11} width={`${width}%`} mb={16} />
          ))}
        </div>
      </div>
    </Page>
  );
}

/** Rows of facts under a heading; a row without a value is left out. */
export function Facts({ title, rows }: { title?: string; rows: [string, ReactNode][] }) {
  const given = rows.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  if (given.length === 0) return null;
  return (
    <section className={classes.group}>
      {title ? <h2 className={classes.groupTitle}>{title}</h2> : null}
      <dl className={classes.rows}>
        {given.map(([name, value]) => (
          <div key={name} className={classes.row}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

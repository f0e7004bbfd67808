// Home: the headline metrics, whether everything runs, and where to go from here.
import { Link } from "@tanstack/react-router";
import { services } from "@/api/contract";
import { useCall, useMay, useMe } from "@/api/hooks";
import { useConnection } from "@/app/connection";
import { pages } from "@/app/pages";
import { Badge, Time } from "@/kit/badges";
import { count } from "@/kit/format";
import { Page } from "@/kit/page";
import { Section } from "@/kit/section";
import { Headlines } from "./headlines";
import classes from "./home.module.css";

/** What holds a service back: /readyz names it by its contract, `tessera.metadata.v1.MetadataService: why`. */
function trouble(waiting: string[], service: string): string | undefined {
  const line = waiting.find((one) => one.startsWith(`tessera.${service}.`) || one.startsWith(`${service}:`));
  return line?.slice(line.indexOf(":") + 1).trim();
}

const iso = (at: number) => (at > 0 ? new Date(at).toISOString() : undefined);

function Health() {
  const { state, waiting, at } = useConnection();
  const down = services.filter((service) => trouble(waiting, service)).length;
  const others = waiting.filter((line) => !services.some((service) => trouble([line], service)));
  return (
    <Section
      title="Services"
      actions={
        <span className={classes.aside}>
          {state === "lost" ? (
            "No answer from the server"
          ) : (
            <>
              {down === 0 ? "All ready" : `${down} of ${services.length} not ready`} · asked <Time value={iso(at)} />
            </>
          )}
        </span>
      }
    >
      <ul className={classes.services} aria-label="Services">
        {services.map((service) => {
          const problem = state === "lost" ? "no answer from the server" : trouble(waiting, service);
          return (
            <li key={service} className={classes.service}>
              <span
                className={classes.lamp}
                data-state={state === "lost" ? "lost" : problem ? "waiting" : "ready"}
                aria-hidden
              />
              <span className={classes.name}>{service}</span>
              <span className={classes.state}>{state === "lost" ? "Unknown" : problem ? "Not ready" : "Ready"}</span>
              {problem ? <span className={classes.why}>{problem}</span> : null}
            </li>
          );
        })}
      </ul>
      {others.length > 0 ? (
        <p role="status">
          <Badge tone="warn">Also</Badge> {others.join("; ")}
        </p>
      ) : null}
    </Section>
  );
}

function Catalogue() {
  const may = useMay();
  const allowed = may("MetadataService_ListDefinitions");
  const check = useCall("MetadataService_CheckConsistency", undefined, {
    enabled: may("MetadataService_CheckConsistency"),
    staleTime: 60_000,
  });
  if (!allowed) return null;
  const findings = check.data?.findings ?? [];
  return (
    <Section title="Definitions">
      {check.isPending ? (
        <p className="dim">Checking…</p>
      ) : check.error ? (
        <p className="dim">The check did not answer: {check.error.message}.</p>
      ) : (
        <>
          <p>
            {findings.length === 0 ? (
              <Badge tone="good" dot>
                Consistent
              </Badge>
            ) : (
              <Badge tone="bad" dot>
                {count(findings.length, "finding")}
              </Badge>
            )}{" "}
            <span className="dim">
              {count(Number(check.data?.checked ?? 0), "definition")} checked against each other
            </span>
          </p>
          <ul className={classes.findings}>
            {findings.slice(0, 5).map((finding) => (
              <li key={`${finding.definition?.id} ${finding.field}`}>
                <strong>{finding.definition?.name || finding.definition?.code}</strong> {finding.description}
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

function Actions() {
  const may = useMay();
  const shown = pages.filter((page) => page.path !== "/" && (page.needs === null || may(page.needs)));
  return (
    <Section title="Go on with">
      <ul className={classes.actions} aria-label="Go on with">
        {shown.map((page) => (
          <li key={page.path}>
            <Link to={page.path} className={classes.action}>
              <page.icon size={16} stroke={1.6} aria-hidden />
              {page.title}
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function List() {
  const me = useMe().data;
  return (
    <Page
      title="Home"
      purpose={`${me?.name ? `Signed in as ${me.name}` : ""}${me?.tenantSlug ? ` in the tenant ${me.tenantSlug}` : ""}`}
    >
      <div className={classes.columns}>
        <div>
          <Headlines />
          <Health />
          <Catalogue />
        </div>
        <Actions />
      </div>
    </Page>
  );
}

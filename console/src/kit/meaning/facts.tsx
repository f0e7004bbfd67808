// The right column of a definition: what it is filed under, who answers for it, what it needs and what needs it.
import { Link } from "@tanstack/react-router";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { Tags, Time } from "../badges";
import { homeOf, kindWords } from "../definition";
import { Facts } from "../detail";
import { moduleWords } from "./columns";
import classes from "./facts.module.css";

interface Common {
  id?: string;
  owner?: string;
  tags?: string[];
  module?: Message<"tessera.metadata.v1.ModuleRef">;
  version?: string;
  createTime?: string;
  updateTime?: string;
}

/** A definition by name, with a way to its page where it has one. */
export function DefinitionLink({ to }: { to: Message<"tessera.metadata.v1.DefinitionRef"> | undefined }) {
  if (!to) return null;
  const home = homeOf(kindWords(to.kind), to.id ?? "");
  const name = to.name || to.code;
  return home ? (
    <Link to={home} className="link">
      {name}
    </Link>
  ) : (
    <span>{name}</span>
  );
}

function References({
  title,
  refs,
  more,
}: {
  title: string;
  refs: { to?: Message<"tessera.metadata.v1.DefinitionRef">; parts: string[] }[];
  more: boolean;
}) {
  if (refs.length === 0) return null;
  return (
    <section>
      <h2 className={classes.title}>{title}</h2>
      <ul className={classes.list}>
        {refs.map((one) => (
          <li key={one.to?.id}>
            <DefinitionLink to={one.to} /> <span className="dim">{kindWords(one.to?.kind)}</span>
          </li>
        ))}
        {more ? <li className="dim">and more</li> : null}
      </ul>
    </section>
  );
}

/** Each definition once, however often it is referred to. */
function once(refs: { of?: Message<"tessera.metadata.v1.DefinitionRef">; part?: string }[]) {
  const found = new Map<string, { to?: Message<"tessera.metadata.v1.DefinitionRef">; parts: string[] }>();
  for (const one of refs) {
    const key = one.of?.id ?? "";
    const held = found.get(key) ?? { to: one.of, parts: [] };
    if (one.part) held.parts.push(one.part);
    found.set(key, held);
  }
  return [...found.values()];
}

/** Facts and references of a definition. `own` are the rows of its kind. */
export function DefinitionFacts({ of, own = [] }: { of: Common; own?: [string, React.ReactNode][] }) {
  const may = useMay();
  const allowed = may("MetadataService_ListReferences");
  const input = { path: { id: of.id ?? "" }, query: { pageSize: 40 } };
  const needs = useCall("MetadataService_ListReferences", input, { enabled: allowed });
  const needed = useCall("MetadataService_ListDependents", input, { enabled: allowed });
  return (
    <>
      <Facts
        rows={[
          ...own,
          ["Module", moduleWords(of.module)],
          ["Owner", of.owner],
          ["Tags", of.tags?.length ? <Tags tags={of.tags} /> : null],
          ["Version", of.version],
          ["Changed", <Time key="t" value={of.updateTime} />],
          ["Created", <Time key="t" value={of.createTime} />],
        ]}
      />
      <References
        title="Needs"
        refs={once((needs.data?.references ?? []).map((one) => ({ of: one.to, part: one.part })))}
        more={Boolean(needs.data?.nextPageToken)}
      />
      <References
        title="Needed by"
        refs={once((needed.data?.references ?? []).map((one) => ({ of: one.from, part: one.path })))}
        more={Boolean(needed.data?.nextPageToken)}
      />
    </>
  );
}

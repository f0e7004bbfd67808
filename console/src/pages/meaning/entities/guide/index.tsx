// An entity step by step: what it is, what is known of it, how it belongs to others, where it stands; then what follows.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { call, newRequestId } from "@/api/client";
import type { Message } from "@/api/contract";
import { useMay, useMe } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { Time } from "@/kit/badges";
import { useDraft } from "@/kit/form/draft";
import { following } from "@/kit/form/follow";
import { Form, type Value } from "@/kit/form/form";
import { count } from "@/kit/format";
import { moduleField } from "@/kit/meaning/module-field";
import { useOntology } from "@/kit/meaning/ontology";
import { shapesOf } from "@/kit/meaning/relate";
import { useUrl } from "@/kit/url";
import { begunOf, forget, keep } from "@/kit/wizard/steps";
import { Wizard } from "@/kit/wizard/wizard";
import { Attributes } from "../attributes";
import { all, ENTITY, labels } from "../fields";
import { Consequences } from "./consequences";
import classes from "./guide.module.css";
import { type Chosen, Relations, relationshipOf, useOffers } from "./relations";

type Entity = Message<"tessera.metadata.v1.Entity">;

const empty: Value = {
  kind: "ENTITY_KIND_DIMENSION",
  attributes: [{ code: "", type: "DATA_TYPE_STRING", primaryKey: true }],
};
const what = ["name", "code", "kind", "description"];
const where = ["module", "owner", "tags", "state"];

/** What its kind asks of the attribute that says when; nothing where that is given. */
export function timesOf(entity: Entity): string | undefined {
  const times = (entity.attributes ?? []).filter((one) => one.timeAttribute).length;
  if (entity.kind === "ENTITY_KIND_EVENT" || entity.kind === "ENTITY_KIND_SNAPSHOT")
    return times === 1
      ? undefined
      : "Of events and snapshots exactly one attribute says when: tick Time at a date or timestamp.";
  return times <= 1 ? undefined : "At most one attribute says when.";
}

export default function Guide() {
  // Kept for this person alone: others may sign in with the same browser.
  const name = `entity ${useMe().data?.principalId ?? ""}`;
  const saved = useRef(begunOf(name));
  const begun = saved.current?.value as { entity?: Value; chosen?: Record<string, Chosen> } | undefined;
  const draft = following(useDraft(ENTITY, begun?.entity ?? empty, "entity", all));
  const [chosen, choose] = useState<Record<string, Chosen>>(begun?.chosen ?? {});
  const [resumed, setResumed] = useState(Boolean(begun));
  const [looked, setLooked] = useState(false);
  // The same ids again, so that finishing twice after a failure half-way creates nothing twice.
  const ids = useRef(new Map<string, string>());
  const idOf = (of: object) => {
    const body = JSON.stringify(of);
    const held = ids.current.get(body) ?? newRequestId();
    ids.current.set(body, held);
    return held;
  };
  const navigate = useNavigate();
  const client = useQueryClient();
  const may = useMay();
  const [, setUrl] = useUrl();
  const entity = draft.value as Entity;
  const { graph } = useOntology();
  const shapes = useMemo(() => shapesOf(graph), [graph]);
  const offers = useOffers(entity, shapes);
  const relations = may("MetadataService_CreateRelationship")
    ? offers.filter((one) => chosen[one.to]?.on ?? true).map((one) => relationshipOf(entity, one, chosen[one.to]))
    : [];

  useEffect(() => {
    if (draft.changes.length > 0 || begun) keep(name, { entity: draft.value, chosen });
  }, [draft.value, draft.changes.length, chosen, begun, name]);

  const finish = () =>
    draft.save(async () => {
      const made = await call("MetadataService_CreateEntity", { query: { requestId: idOf(entity) }, body: entity });
      for (const one of relations) {
        await call("MetadataService_CreateRelationship", { query: { requestId: idOf(one) }, body: one });
      }
      forget(name);
      const added = count(relations.length, "relationship");
      toast({ title: relations.length > 0 ? `${made.name} and ${added} are created` : `${made.name} is created` });
      await navigate({ to: `/meaning/entities/${made.id}` });
      await client.invalidateQueries({ queryKey: ["metadata"] });
    });
  const timed = timesOf(entity);
  const refused = (names: string[]) =>
    draft.error !== null && draft.violations.some((one) => names.some((name) => one.field.startsWith(name)));
  const form = {
    of: ENTITY,
    value: draft.value,
    set: draft.set,
    violations: draft.violations,
    labels,
    widgets: { module: moduleField },
  };
  return (
    <Wizard
      title="New entity, step by step"
      above={{ title: "Entities", to: "/meaning/entities" }}
      actions={
        <Button component={Link} to="/meaning/entities/new" variant="default">
          All on one page
        </Button>
      }
      action={relations.length > 0 ? `Create entity and ${count(relations.length, "relationship")}` : "Create entity"}
      busy={draft.busy}
      error={draft.error}
      finish={finish}
      cancel={() => void navigate({ to: "/meaning/entities" })}
      resumed={
        resumed
          ? {
              when: <Time value={saved.current?.at} />,
              anew: () => {
                forget(name);
                saved.current = undefined;
                draft.reset(empty);
                choose({});
                setResumed(false);
                setUrl({ step: undefined });
              },
            }
          : undefined
      }
      steps={[
        {
          id: "what",
          title: "What it is",
          about: "A kind of record the business keeps, such as a policy, a claim or a member.",
          content: <Form {...form} fields={what} />,
          holds: draft.holds(what),
          look: () => draft.look(what),
          wrong: refused(what),
        },
        {
          id: "attributes",
          title: "What is known of it",
          about:
            "The attributes of each record. Those of the key tell one record from another; one may say when it happened.",
          content: (
            <>
              <Attributes value={draft.value} set={draft.set} violations={draft.violations} />
              {timed ? (
                <p className={looked ? classes.wrong : "dim"} role={looked ? "alert" : undefined}>
                  {timed}
                </p>
              ) : null}
            </>
          ),
          holds: draft.holds(["attributes"]) && !timed,
          look: () => {
            draft.look(["attributes"]);
            setLooked(true);
          },
          wrong: refused(["attributes"]),
        },
        {
          id: "relations",
          title: "How it belongs to others",
          about:
            "Attributes that are the key of another entity refer to it. Metrics follow such relationships to group and filter.",
          content: <Relations entity={entity} offers={offers} shapes={shapes} chosen={chosen} choose={choose} />,
          holds: relations.every((one) => Boolean(one.name)),
        },
        {
          id: "where",
          title: "Where it stands",
          about: "Who answers for it, and which part of the business it is filed under. All of it can be given later.",
          content: <Form {...form} fields={where} />,
          holds: draft.holds(where),
          look: () => draft.look(where),
          wrong: refused(where),
        },
        {
          id: "summary",
          title: "What follows",
          about: "Nothing has been created yet. This is what the last click does.",
          content: <Consequences entity={entity} relations={relations} shapes={shapes} />,
          holds: true,
        },
      ]}
    />
  );
}

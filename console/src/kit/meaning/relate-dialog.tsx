// A relationship between two entities, begun in the diagram: what the entities themselves say of it is filled in.
import { Button, Group, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { toast } from "@/app/toasts";
import { useDraft } from "../form/draft";
import { following } from "../form/follow";
import { Form, type Value } from "../form/form";
import { codeOf } from "../format";
import { RequestId } from "../states";
import { attributeField } from "./attribute-field";
import type { Shape } from "./relate";
import { suggest, wholeOf } from "./relate";

type Relationship = Message<"tessera.metadata.v1.Relationship">;

const OF = "tessera.metadata.v1.Relationship";
const fields = ["name", "from", "to", "cardinality", "code", "role", "inverseRole"];
const labels = { role: "Role of the far end", inverseRole: "Role of the near end" };
const widgets = { from: attributeField, to: attributeField };

/** A code of both entities and the name between them; none while there is no name. */
function codeOfRelationship(value: Value): string {
  const { from, name, to } = value as Relationship;
  return name ? codeOf([from?.entity, name, to?.entity].filter(Boolean).join(" ")) : "";
}

/** An end of it: an entity by code, and the attribute that was pointed at. */
export interface Begun {
  entity?: string;
  attribute?: string;
}

function firstOf(from: Begun, to: Begun, shapes: Map<string, Shape>): Value {
  const [near, far] = [shapes.get(from.entity ?? ""), shapes.get(to.entity ?? "")];
  if (!near || !far) {
    return {
      cardinality: "CARDINALITY_MANY_TO_ONE",
      ...(near ? { from: { entity: near.code } } : {}),
      ...(far ? { to: { entity: far.code } } : {}),
    };
  }
  const guess = suggest(near, far, { from: from.attribute, to: to.attribute });
  return {
    from: { entity: near.code, ...(guess.from ? { attribute: guess.from } : {}) },
    to: { entity: far.code, ...(guess.to ? { attribute: guess.to } : {}) },
    cardinality: guess.cardinality,
  };
}

export function RelateDialog({
  from,
  to,
  shapes,
  close,
}: {
  from: Begun;
  to: Begun;
  shapes: Map<string, Shape>;
  close: () => void;
}) {
  const first = useRef(firstOf(from, to, shapes));
  const draft = following(useDraft(OF, first.current, "relationship", fields), codeOfRelationship);
  const client = useQueryClient();
  const value = draft.value as Relationship;

  // The fields come after the dialog; the first of them takes the focus from its close button.
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (draft.ready) requestAnimationFrame(() => box.current?.querySelector<HTMLElement>("input")?.focus());
  }, [draft.ready]);

  const whole = wholeOf(value, shapes);
  const refresh = () => client.invalidateQueries({ queryKey: ["metadata"] });
  const general = draft.error && draft.violations.length === 0 ? draft.error : null;
  return (
    <Modal opened onClose={close} title="New relationship" size={600}>
      <form
        ref={box}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void draft
            .save(async (requestId) => {
              const made = await call("MetadataService_CreateRelationship", { query: { requestId }, body: value });
              toast({
                title: `${made.name} is drawn`,
                undo: async () => {
                  await call("MetadataService_DeleteRelationship", {
                    path: { id: made.id ?? "" },
                    query: { etag: made.etag },
                  });
                  await refresh();
                },
              });
            })
            .then(async (saved) => {
              if (!saved) return;
              close();
              await refresh();
            });
        }}
      >
        <Form
          of={OF}
          fields={fields}
          value={draft.value}
          set={draft.set}
          violations={draft.violations}
          labels={labels}
          widgets={widgets}
        />
        <p className="dim" role="status">
          {whole
            ? `It is drawn as a composition: a row of ${(whole === "to" ? value.from : value.to)?.entity} is part of one of ${(whole === "to" ? value.to : value.from)?.entity}, for the reference is in its key.`
            : ""}
        </p>
        {general ? (
          <div role="alert" style={{ color: "var(--bad)" }}>
            {general.message}. {general.advice}
            <RequestId id={general.requestId} />
          </div>
        ) : null}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={draft.busy}>
            Create relationship
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

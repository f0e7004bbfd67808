// Changing an entity: only what differs is sent, and only if nobody else changed it in the meantime.
import { useQueryClient } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { toast } from "@/app/toasts";
import { Section } from "@/kit/detail";
import { useDraft } from "@/kit/form/draft";
import { Editor } from "@/kit/form/editor";
import { Form, type Value } from "@/kit/form/form";
import { moduleField } from "@/kit/meaning/module-field";
import { Page } from "@/kit/page";
import { Attributes } from "./attributes";
import { all, ENTITY, head, labels } from "./fields";

export default function Edit({ entity, close }: { entity: Message<"tessera.metadata.v1.Entity">; close: () => void }) {
  const draft = useDraft(ENTITY, entity as Value, "entity", all);
  const client = useQueryClient();
  const save = () =>
    draft.save(async () => {
      if (draft.changes.length > 0) {
        await call("MetadataService_UpdateEntity", {
          path: { "entity.id": entity.id ?? "" },
          query: { updateMask: draft.changes.join(",") },
          body: { ...draft.value, etag: entity.etag } as Message<"tessera.metadata.v1.Entity">,
        });
        toast({ title: `${draft.value.name as string} is changed` });
      }
      close();
      await client.invalidateQueries({ queryKey: ["metadata"] });
    });
  return (
    <Page title={`Edit ${entity.name}`} above={{ title: entity.name ?? "", to: `/meaning/entities/${entity.id}` }}>
      <Editor draft={draft} action="Save changes" save={save} cancel={close}>
        <Form
          of={ENTITY}
          fields={head}
          value={draft.value}
          set={draft.set}
          violations={draft.violations}
          labels={labels}
          widgets={{ module: moduleField }}
          fixed={["code"]}
        />
        <Section title="Attributes">
          <Attributes value={draft.value} set={draft.set} violations={draft.violations} />
        </Section>
      </Editor>
    </Page>
  );
}

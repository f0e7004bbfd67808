// A new entity.
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { toast } from "@/app/toasts";
import { Section } from "@/kit/detail";
import { useDraft } from "@/kit/form/draft";
import { Editor } from "@/kit/form/editor";
import { Form } from "@/kit/form/form";
import { codeOf } from "@/kit/format";
import { moduleField } from "@/kit/meaning/module-field";
import { Page } from "@/kit/page";
import { Attributes } from "./attributes";
import { all, ENTITY, head, labels } from "./fields";

const first = { kind: "ENTITY_KIND_DIMENSION", attributes: [{ code: "", type: "DATA_TYPE_STRING", primaryKey: true }] };

export function Create() {
  const draft = useDraft(ENTITY, first, "entity", all);
  const navigate = useNavigate();
  const client = useQueryClient();
  const suggested = useRef("");

  // The code follows the name until someone writes one.
  const name = draft.value.name as string | undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the name makes a suggestion
  useEffect(() => {
    const code = (draft.value.code as string | undefined) ?? "";
    if (code !== suggested.current) return;
    suggested.current = codeOf(name ?? "");
    draft.set({ ...draft.value, code: suggested.current || undefined });
  }, [name]);

  const save = () =>
    draft.save(async (requestId) => {
      const made = await call("MetadataService_CreateEntity", {
        query: { requestId },
        body: draft.value as Message<"tessera.metadata.v1.Entity">,
      });
      await client.invalidateQueries({ queryKey: ["metadata"] });
      toast({ title: `${made.name} is created` });
      await navigate({ to: `/meaning/entities/${made.id}` });
    });
  return (
    <Page
      title="New entity"
      above={{ title: "Entities", to: "/meaning/entities" }}
      purpose="A kind of record, and what is known of each."
    >
      <Editor
        draft={draft}
        action="Create entity"
        save={save}
        cancel={() => void navigate({ to: "/meaning/entities" })}
      >
        <Form
          of={ENTITY}
          fields={head}
          value={draft.value}
          set={draft.set}
          violations={draft.violations}
          labels={labels}
          widgets={{ module: moduleField }}
        />
        <Section title="Attributes">
          <Attributes value={draft.value} set={draft.set} violations={draft.violations} />
        </Section>
      </Editor>
    </Page>
  );
}

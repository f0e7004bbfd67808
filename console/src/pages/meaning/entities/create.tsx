// A new entity.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { toast } from "@/app/toasts";
import { Section } from "@/kit/detail";
import { useDraft } from "@/kit/form/draft";
import { Editor } from "@/kit/form/editor";
import { following } from "@/kit/form/follow";
import { Form } from "@/kit/form/form";
import { moduleField } from "@/kit/meaning/module-field";
import { Page } from "@/kit/page";
import { PageSkeleton } from "@/kit/states";
import { useUrl } from "@/kit/url";
import { Attributes } from "./attributes";
import { all, ENTITY, head, labels } from "./fields";

const first = { kind: "ENTITY_KIND_DIMENSION", attributes: [{ code: "", type: "DATA_TYPE_STRING", primaryKey: true }] };

const Guide = lazy(() => import("./guide"));

/** The form on one page, or the guide with `?guided=1`. */
export function Create() {
  const [url] = useUrl();
  if (!url.guided) return <NewEntity />;
  return (
    <Suspense fallback={<PageSkeleton />}>
      <Guide />
    </Suspense>
  );
}

function NewEntity() {
  const draft = following(useDraft(ENTITY, first, "entity", all));
  const navigate = useNavigate();
  const client = useQueryClient();
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
      actions={
        <Button component={Link} to="/meaning/entities/new" search={{ guided: "1" } as never} variant="default">
          Step by step
        </Button>
      }
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

// The page of a form: for a new thing, or for one that is there. What every such page does is here once.
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { toast } from "@/app/toasts";
import { Page } from "../page";
import { useDraft } from "./draft";
import { Editor } from "./editor";
import { Form, type FormProps, type Value } from "./form";

interface Props<T> extends Pick<FormProps, "fields" | "labels" | "widgets" | "fixed" | "required"> {
  /** Full name of the message. */
  of: Parameters<typeof useDraft>[0];
  /** The field of the request that holds it. */
  within: string;
  first: T;
  title: string;
  above: { title: string; to: string };
  purpose?: ReactNode;
  actions?: ReactNode;
  /** What the save button says. */
  action: string;
  /** The service whose answers are asked for again. */
  service: string;
  /** Sends it; `changes` are the fields that differ, for an update mask. Answers what is said, and where to go on. */
  save: (value: T, changes: string[], requestId: string) => Promise<{ title: string; to?: string }>;
  /** Where to go when it is given up, or saved and nothing else was said. */
  close: () => unknown;
}

/** A form on a page of its own. Nothing is sent where nothing has changed. */
export function FormPage<T extends object>(props: Props<T>) {
  const { of, within, fields, first, labels, widgets, fixed, required, close } = props;
  const draft = useDraft(of, first as Value, within, fields, required);
  const client = useQueryClient();
  const navigate = useNavigate();
  const fresh = !(first as { id?: string }).id;
  return (
    <Page title={props.title} above={props.above} purpose={props.purpose} actions={props.actions}>
      <Editor
        draft={draft}
        action={props.action}
        cancel={() => void close()}
        save={() =>
          draft.save(async (requestId) => {
            const saved =
              fresh || draft.changes.length > 0
                ? await props.save(draft.value as T, draft.changes, requestId)
                : undefined;
            if (saved) toast({ title: saved.title });
            if (saved?.to) await navigate({ to: saved.to });
            else await close();
            await client.invalidateQueries({ queryKey: [props.service] });
          })
        }
      >
        <Form
          of={of}
          fields={fields}
          value={draft.value}
          set={draft.set}
          violations={draft.violations}
          labels={labels}
          widgets={widgets}
          fixed={fixed}
          required={required}
        />
      </Editor>
    </Page>
  );
}

// Changing a thing that is there: the form that `edit=1` in the address opens, saved with what was changed and the etag.
import type { ComponentProps } from "react";
import { useUrl } from "../url";
import { FormPage } from "./form-page";

type Thing = { etag?: string; name?: string };
type Given = "first" | "title" | "above" | "action" | "close" | "save" | "purpose" | "actions";

interface Props<T> extends Omit<ComponentProps<typeof FormPage>, Given> {
  /** The thing as it is. */
  thing: T;
  /** Its own page. */
  home: string;
  /** Sends it: all of it with the etag it was read with, and the fields that differ. */
  update: (next: T, updateMask: string) => Promise<unknown>;
}

/** Whether the address asks for the form, and how to ask for it. */
export function useEdit(): [boolean, () => void] {
  const [url, setUrl] = useUrl();
  return [Boolean(url.edit), () => setUrl({ edit: "1" })];
}

/** The form. Another version of the thing begins it anew. */
export function EditPage<T extends Thing>({ thing, home, update, ...form }: Props<T>) {
  const [, setUrl] = useUrl();
  const name = thing.name ?? "";
  return (
    <FormPage<T>
      {...form}
      key={thing.etag}
      first={thing}
      title={`Edit ${name}`}
      above={{ title: name, to: home }}
      action="Save changes"
      close={() => setUrl({ edit: undefined })}
      save={async (next, changes) => {
        await update({ ...next, etag: thing.etag }, changes.join(","));
        return { title: `${next.name} is changed` };
      }}
    />
  );
}

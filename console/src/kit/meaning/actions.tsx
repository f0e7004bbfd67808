// What can be done with a definition of any kind: delete it, with a way back.
import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "@/api/client";
import type { Operation } from "@/api/contract";
import { useMay } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { Confirm } from "../confirm";
import { count } from "../format";
import type { Bulk } from "../table/list";

type Kind = "Entity" | "Relationship" | "Metric";

interface Props {
  kind: Kind;
  of: { id?: string; name?: string; etag?: string };
  home: string;
}

/** Deletes definitions and says so, with a way back. */
export async function deleteDefinitions(kind: Kind, rows: Props["of"][]) {
  for (const row of rows) {
    await call(`MetadataService_Delete${kind}`, { path: { id: row.id ?? "" }, query: { etag: row.etag } });
  }
}

export async function undeleteDefinitions(kind: Kind, rows: Props["of"][]) {
  for (const row of rows) {
    await call(`MetadataService_Undelete${kind}`, { path: { id: row.id ?? "" }, body: {} as never });
  }
}

/** Deleting the chosen rows of a list of definitions, with a way back. */
export function useDeleteBulk(kind: Kind, noun: [string, string]): Bulk<Props["of"]> {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["metadata"] });
  return {
    title: "Delete",
    needs: `MetadataService_Delete${kind}`,
    run: async (rows) => {
      const gone: Props["of"][] = [];
      try {
        for (const row of rows) {
          await deleteDefinitions(kind, [row]);
          gone.push(row);
        }
      } finally {
        // What was deleted before one was refused is gone all the same, and can be brought back.
        if (gone.length > 0) {
          await refresh();
          toast({
            title: gone.length === 1 ? `${gone[0]?.name} is deleted` : `${count(gone.length, ...noun)} are deleted`,
            undo: async () => {
              await undeleteDefinitions(kind, gone);
              await refresh();
            },
          });
        }
      }
    },
  };
}

/** The menu at the end of a definition's head. */
export function DefinitionMenu({ kind, of, home }: Props) {
  const [asking, setAsking] = useState(false);
  const may = useMay();
  const navigate = useNavigate();
  const client = useQueryClient();
  const op: Operation = `MetadataService_Delete${kind}`;
  if (!may(op)) return null;
  const refresh = () => client.invalidateQueries({ queryKey: ["metadata"] });
  return (
    <>
      <Menu width={180}>
        <Menu.Target>
          <ActionIcon aria-label="More actions" variant="default">
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconTrash size={14} />} color="red" onClick={() => setAsking(true)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asking ? (
        <Confirm
          title={`Delete ${of.name}?`}
          action={`Delete ${of.name}`}
          danger
          close={() => setAsking(false)}
          run={async () => {
            await deleteDefinitions(kind, [of]);
            toast({
              title: `${of.name} is deleted`,
              undo: async () => {
                await undeleteDefinitions(kind, [of]);
                await refresh();
              },
            });
            await navigate({ to: home });
            await refresh();
          }}
        >
          It disappears from lists and diagrams. It is refused while others refer to it, and it can be brought back.
        </Confirm>
      ) : null}
    </>
  );
}

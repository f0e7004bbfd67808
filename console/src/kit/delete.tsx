// What is done with a thing on its page: the button that changes it, and the one that deletes it for good, which names the
// thing, says what follows, and leads back to the list.
import { ActionIcon, Button } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { toast } from "@/app/toasts";
import { Confirm } from "./confirm";

interface Props {
  name: string;
  /** The consequences. */
  children: ReactNode;
  run: () => Promise<unknown>;
  /** The list it was in. */
  home: string;
  /** The service whose answers are asked for again. */
  service: string;
}

export function DeleteButton({ name, children, run, home, service }: Props) {
  const [asking, setAsking] = useState(false);
  const navigate = useNavigate();
  const client = useQueryClient();
  return (
    <>
      <ActionIcon variant="default" aria-label={`Delete ${name}`} onClick={() => setAsking(true)}>
        <IconTrash size={15} />
      </ActionIcon>
      {asking ? (
        <Confirm
          title={`Delete ${name}?`}
          action={`Delete ${name}`}
          danger
          close={() => setAsking(false)}
          run={async () => {
            await run();
            toast({ title: `${name} is deleted` });
            await navigate({ to: home });
            await client.invalidateQueries({ queryKey: [service] });
          }}
        >
          {children}
        </Confirm>
      ) : null}
    </>
  );
}

/** Both of them. */
export function EditAndDelete({ edit, ...props }: Props & { edit: () => void }) {
  return (
    <>
      <Button variant="default" leftSection={<IconPencil size={14} />} onClick={edit}>
        Edit
      </Button>
      <DeleteButton {...props} />
    </>
  );
}

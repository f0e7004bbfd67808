// Asking before something is done that has consequences: the thing and what follows are named.
import { Button, Group, Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { asApiError } from "@/api/errors";
import { RequestId } from "./states";

interface Props {
  title: string;
  /** The consequences. */
  children: ReactNode;
  /** What the button says: a verb and the thing. */
  action: string;
  danger?: boolean;
  run: () => Promise<unknown>;
  close: () => void;
}

export function Confirm({ title, children, action, danger, run, close }: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const given = error === null ? null : asApiError(error);
  return (
    <Modal opened onClose={close} title={title} size={440}>
      <div>{children}</div>
      {given ? (
        <div role="alert" style={{ color: "var(--bad)", marginTop: 12 }}>
          {given.message}. {given.advice}
          <RequestId id={given.requestId} />
        </div>
      ) : null}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={close} data-autofocus>
          Cancel
        </Button>
        <Button
          color={danger ? "red.8" : undefined}
          loading={busy}
          onClick={() => {
            setBusy(true);
            run().then(close, (cause: unknown) => {
              setError(cause);
              setBusy(false);
            });
          }}
        >
          {action}
        </Button>
      </Group>
    </Modal>
  );
}

// A new password for someone else.
import { Button, Group, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { toast } from "@/app/toasts";
import { useDraft } from "@/kit/form/draft";
import { Form } from "@/kit/form/form";

const OF = "tessera.identity.v1.ResetPasswordRequest";
const fields = ["newPassword", "mustChangePassword"];

export function ResetPassword({ user, close }: { user: Message<"tessera.identity.v1.User">; close: () => void }) {
  const draft = useDraft(OF, { mustChangePassword: true }, "", fields);
  const client = useQueryClient();
  const name = user.displayName || user.email;
  return (
    <Modal opened onClose={close} title={`A new password for ${name}`}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void draft
            .save(() =>
              call("IdentityService_ResetPassword", {
                path: { id: user.id ?? "" },
                body: draft.value as Message<typeof OF>,
              }),
            )
            .then(async (done) => {
              if (!done) return;
              toast({ title: `${name} has a new password` });
              close();
              await client.invalidateQueries({ queryKey: ["identity"] });
            });
        }}
      >
        <Form
          of={OF}
          fields={fields}
          value={draft.value}
          set={draft.set}
          violations={draft.violations}
          labels={{ mustChangePassword: "Must choose an own one at the next sign-in" }}
        />
        {draft.error && draft.violations.length === 0 ? (
          <p role="alert" style={{ color: "var(--bad)" }}>
            {draft.error.message}. {draft.error.advice}
          </p>
        ) : null}
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={draft.busy}>
            Set the password
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

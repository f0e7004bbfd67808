// The API tokens of whoever is signed in: made here, their secret shown once.
import { ActionIcon, Button, CopyButton, Group, TextInput } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { keyOf } from "@/api/hooks";
import { useDraft } from "@/kit/form/draft";
import { Editor } from "@/kit/form/editor";
import { Form } from "@/kit/form/form";
import { tokenColumns, useRevoke } from "@/kit/identity/tokens";
import { Page } from "@/kit/page";
import { List as ListPage } from "@/kit/table/list";

const OF = "tessera.identity.v1.CreateTokenRequest";
const HOME = "/platform/tokens";
const fields = ["name", "expireTime", "permissions"];
const required = ["name"];

export function List() {
  const revoke = useRevoke();
  return (
    <>
      <ListPage
        title="API tokens"
        purpose="Long-lived secrets that your programs show instead of signing in."
        op="IdentityService_ListTokens"
        items="tokens"
        noun={["token", "tokens"]}
        columns={[...tokenColumns, revoke.column]}
        name={(row) => row.name ?? ""}
        filters={[{ name: "revoked", title: "Revoked ones", choices: [{ value: "yes", label: "Are listed too" }] }]}
        query={(url) => ({ showRevoked: url.revoked === "yes" || undefined })}
        create={{ title: "New token", to: `${HOME}/new`, needs: "IdentityService_CreateToken" }}
        teach="A token lets a program act as you. Narrow it to what the program needs, and let it expire."
      />
      {revoke.dialog}
    </>
  );
}

export function Create() {
  const draft = useDraft(OF, {}, "", fields, required);
  const navigate = useNavigate();
  const client = useQueryClient();
  const [secret, setSecret] = useState("");
  if (secret) {
    return (
      <Page
        title="The token is made"
        above={{ title: "API tokens", to: HOME }}
        purpose="Copy its secret now: it is shown this once and never again."
      >
        <Group gap="xs" maw={620} wrap="nowrap">
          <TextInput
            readOnly
            value={secret}
            aria-label="Secret"
            classNames={{ input: "mono" }}
            style={{ flex: 1 }}
            onFocus={(event) => event.currentTarget.select()}
          />
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <ActionIcon variant="default" size={32} aria-label={copied ? "Copied" : "Copy the secret"} onClick={copy}>
                {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
              </ActionIcon>
            )}
          </CopyButton>
        </Group>
        <p className="dim">
          A first call:{" "}
          <code className="mono">curl -H "authorization: Bearer …" {window.location.origin}/api/v1/identity/self</code>
        </p>
        <Button variant="default" onClick={() => void navigate({ to: HOME })}>
          I have it
        </Button>
      </Page>
    );
  }
  return (
    <Page title="New API token" above={{ title: "API tokens", to: HOME }}>
      <Editor
        draft={draft}
        action="Create token"
        cancel={() => void navigate({ to: HOME })}
        save={() =>
          draft.save(async () => {
            const made = await call("IdentityService_CreateToken", { body: draft.value as Message<typeof OF> });
            await client.invalidateQueries({ queryKey: keyOf("IdentityService_ListTokens") });
            draft.reset({});
            setSecret(made.secret ?? "");
          })
        }
      >
        <Form
          of={OF}
          fields={fields}
          required={required}
          value={draft.value}
          set={draft.set}
          violations={draft.violations}
          labels={{ expireTime: "Expires", permissions: "Narrowed to" }}
        />
      </Editor>
    </Page>
  );
}

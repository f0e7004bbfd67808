// The API tokens of a user or a program, and the end of them.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { keyOf, useList, useMay } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { Badge, Time } from "../badges";
import { Confirm } from "../confirm";
import { Listed } from "../table/listed";
import type { Column } from "../table/table";

type Token = Message<"tessera.identity.v1.ApiToken">;

export function tokenState(token: Token): "Revoked" | "Expired" | "Active" {
  if (token.revokeTime) return "Revoked";
  return token.expireTime && new Date(token.expireTime) < new Date() ? "Expired" : "Active";
}

export const tokenColumns: Column<Token>[] = [
  {
    id: "name",
    title: "Name",
    width: "minmax(160px, 1.4fr)",
    cell: (row) => <strong style={{ fontWeight: 500 }}>{row.name}</strong>,
    text: (row) => row.name,
  },
  {
    id: "state",
    title: "State",
    width: "110px",
    cell: (row) => {
      const state = tokenState(row);
      return (
        <Badge dot tone={state === "Active" ? "good" : state === "Expired" ? "warn" : "bad"}>
          {state}
        </Badge>
      );
    },
    text: tokenState,
  },
  {
    id: "permissions",
    title: "Narrowed to",
    width: "minmax(140px, 1fr)",
    cell: (row) =>
      row.permissions?.length ? (
        <span className="mono">{row.permissions.join(" ")}</span>
      ) : (
        <span className="dim">All of its owner</span>
      ),
    text: (row) => row.permissions?.join(" "),
  },
  {
    id: "used",
    title: "Last used",
    width: "120px",
    cell: (row) => <Time value={row.lastUsedTime} />,
    text: (row) => row.lastUsedTime,
  },
  {
    id: "expires",
    title: "Expires",
    width: "120px",
    cell: (row) => <Time value={row.expireTime} />,
    text: (row) => row.expireTime,
  },
  {
    id: "created",
    title: "Created",
    width: "120px",
    cell: (row) => <Time value={row.createTime} />,
    text: (row) => row.createTime,
  },
];

/** The column that ends a token, with the question before it. */
export function useRevoke(): { column: Column<Token>; dialog: React.ReactNode } {
  const may = useMay();
  const client = useQueryClient();
  const [asked, ask] = useState<Token | null>(null);
  return {
    column: {
      id: "actions",
      title: "",
      width: "92px",
      align: "end",
      cell: (row) =>
        tokenState(row) === "Active" && may("IdentityService_RevokeToken") ? (
          <Button variant="subtle" color="gray" size="compact-xs" onClick={() => ask(row)}>
            Revoke
          </Button>
        ) : null,
    },
    dialog: asked ? (
      <Confirm
        title={`Revoke ${asked.name}?`}
        action={`Revoke ${asked.name}`}
        danger
        close={() => ask(null)}
        run={async () => {
          await call("IdentityService_RevokeToken", { path: { id: asked.id ?? "" }, body: {} as never });
          await client.invalidateQueries({ queryKey: keyOf("IdentityService_ListTokens") });
          toast({ title: `${asked.name} is revoked` });
        }}
      >
        Programs that use it are refused at once, and so are tokens that were made with it. This cannot be undone.
      </Confirm>
    ) : null,
  };
}

export function Tokens({ principal }: { principal: string }) {
  const list = useList("IdentityService_ListTokens", "tokens", {
    query: { principalId: principal, showRevoked: true },
  });
  const revoke = useRevoke();
  return (
    <>
      <Listed
        list={list}
        label="API tokens"
        noun={["token", "tokens"]}
        columns={[...tokenColumns, revoke.column]}
        id={(row) => row.id ?? ""}
        name={(row) => row.name ?? ""}
        none="No API tokens"
      >
        Programs that act for this account show a token instead of signing in.
      </Listed>
      {revoke.dialog}
    </>
  );
}

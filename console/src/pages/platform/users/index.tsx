// Users: the people of the tenant.
import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots, IconPencil } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { StateBadge, Time } from "@/kit/badges";
import { Confirm } from "@/kit/confirm";
import { Detail as DetailPage, Facts } from "@/kit/detail";
import { useDraft } from "@/kit/form/draft";
import { Editor } from "@/kit/form/editor";
import { Form, type Value } from "@/kit/form/form";
import { choices, words } from "@/kit/format";
import { Roles } from "@/kit/identity/roles";
import { RowFilters } from "@/kit/identity/row-filters";
import { Tokens } from "@/kit/identity/tokens";
import { Page } from "@/kit/page";
import { List as ListPage } from "@/kit/table/list";
import { type Column, linked } from "@/kit/table/table";
import { useId, useUrl } from "@/kit/url";
import { ResetPassword } from "./password";

type User = Message<"tessera.identity.v1.User">;

const OF = "tessera.identity.v1.User";
const HOME = "/platform/users";
const fields = ["email", "displayName", "title", "department", "phone", "locale", "timeZone"];
const required = ["email"];
const labels = { displayName: "Name", email: "E-mail" };
const nameOf = (user: User) => user.displayName || (user.email ?? "");

const columns: Column<User>[] = [
  {
    ...linked<User>("Name", "minmax(180px, 1.2fr)", nameOf, (row) => `${HOME}/${row.id}`),
    sort: "USER_ORDER_DISPLAY_NAME",
  },
  {
    id: "email",
    title: "E-mail",
    sort: "USER_ORDER_EMAIL",
    width: "minmax(190px, 1.2fr)",
    cell: (row) => row.email,
    text: (row) => row.email,
  },
  { id: "title", title: "Title", cell: (row) => row.title, text: (row) => row.title },
  { id: "department", title: "Department", cell: (row) => row.department, text: (row) => row.department },
  {
    id: "state",
    title: "State",
    width: "110px",
    cell: (row) => <StateBadge state={row.state} />,
    text: (row) => words(row.state),
  },
  {
    id: "seen",
    title: "Last sign-in",
    width: "130px",
    cell: (row) => <Time value={row.lastSignInTime} />,
    text: (row) => row.lastSignInTime,
  },
  {
    id: "created",
    title: "Created",
    sort: "USER_ORDER_CREATE_TIME",
    width: "120px",
    optional: true,
    cell: (row) => <Time value={row.createTime} />,
    text: (row) => row.createTime,
  },
];

export function List() {
  return (
    <ListPage
      title="Users"
      purpose="The people of this tenant, and what they may do."
      op="IdentityService_ListUsers"
      items="users"
      noun={["user", "users"]}
      columns={columns}
      name={nameOf}
      to={(row) => `${HOME}/${row.id}`}
      search="Beginning of a name"
      filters={[
        { name: "email", title: "E-mail begins with" },
        { name: "state", title: "State", choices: choices("tessera.identity.v1.UserState") },
      ]}
      query={(url) => ({
        namePrefix: url.q,
        emailPrefix: url.email,
        state: url.state as User["state"],
        // Users are always listed upwards; the server knows no other order.
        order: url.sort?.replace(" desc", "") as "USER_ORDER_EMAIL" | undefined,
      })}
      create={{ title: "New user", to: `${HOME}/new`, needs: "IdentityService_CreateUser" }}
      teach="Everyone who signs in is a user. Roles, given to a user or to a group, say what they may do."
    />
  );
}

export function Create() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const all = ["user", "password", "mustChangePassword"];
  const draft = useDraft("tessera.identity.v1.CreateUserRequest", { user: {}, mustChangePassword: true }, "", all);
  const user = (draft.value.user ?? {}) as Value;
  return (
    <Page
      title="New user"
      above={{ title: "Users", to: HOME }}
      purpose="Someone who may sign in. What they may do, their roles say; those are given on the next page."
    >
      <Editor
        draft={draft}
        action="Create user"
        cancel={() => void navigate({ to: HOME })}
        save={() =>
          draft.save(async (requestId) => {
            const made = await call("IdentityService_CreateUser", {
              body: { ...draft.value, requestId } as Message<"tessera.identity.v1.CreateUserRequest">,
            });
            await client.invalidateQueries({ queryKey: ["identity"] });
            toast({ title: `${nameOf(made)} is created` });
            await navigate({ to: `${HOME}/${made.id}`, search: { tab: "roles" } as never });
          })
        }
      >
        <Form
          of={OF}
          fields={fields}
          labels={labels}
          required={required}
          value={user}
          set={(next) => draft.set({ ...draft.value, user: next })}
          violations={draft.violations.map((one) => ({ ...one, field: one.field.replace(/^user\./, "") }))}
        />
        <div style={{ height: 18 }} />
        <Form
          of="tessera.identity.v1.CreateUserRequest"
          fields={["password", "mustChangePassword"]}
          value={draft.value}
          set={draft.set}
          violations={draft.violations}
          labels={{
            password: "First password",
            mustChangePassword: "Must choose an own password at the first sign-in",
          }}
        />
      </Editor>
    </Page>
  );
}

function Edit({ user, close }: { user: User; close: () => void }) {
  const draft = useDraft(OF, user as Value, "user", fields, required);
  const client = useQueryClient();
  return (
    <Page title={`Edit ${nameOf(user)}`} above={{ title: nameOf(user), to: `${HOME}/${user.id}` }}>
      <Editor
        draft={draft}
        action="Save changes"
        cancel={close}
        save={() =>
          draft.save(async () => {
            if (draft.changes.length > 0) {
              await call("IdentityService_UpdateUser", {
                path: { "user.id": user.id ?? "" },
                query: { updateMask: draft.changes.join(",") },
                body: { ...(draft.value as User), etag: user.etag },
              });
              toast({ title: `${nameOf(user)} is changed` });
            }
            close();
            await client.invalidateQueries({ queryKey: ["identity"] });
          })
        }
      >
        <Form
          of={OF}
          fields={fields}
          labels={labels}
          required={required}
          value={draft.value}
          set={draft.set}
          violations={draft.violations}
        />
      </Editor>
    </Page>
  );
}

export function Detail() {
  const id = useId();
  const query = useCall("IdentityService_GetUser", { path: { id } });
  const groups = useCall("IdentityService_ListGroups", { query: { userId: id, pageSize: 100 } });
  const may = useMay();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [url, setUrl] = useUrl();
  const [asking, setAsking] = useState<"disable" | "delete" | "password" | null>(null);
  const user: User = query.data ?? {};
  const refresh = () => client.invalidateQueries({ queryKey: ["identity"] });
  const enable = async () => {
    await call("IdentityService_EnableUser", { path: { id }, body: {} as never });
    await refresh();
  };
  if (url.edit && query.data) return <Edit key={user.etag} user={user} close={() => setUrl({ edit: undefined })} />;
  const disabled = user.state === "USER_STATE_DISABLED";
  return (
    <>
      <DetailPage
        query={query}
        title={nameOf(user)}
        above={{ title: "Users", to: HOME }}
        purpose={[user.title, user.department].filter(Boolean).join(", ")}
        beside={<StateBadge state={user.state} />}
        actions={
          may("IdentityService_UpdateUser") && user.state !== "USER_STATE_DELETED" ? (
            <>
              <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setUrl({ edit: "1" })}>
                Edit
              </Button>
              <Menu width={200}>
                <Menu.Target>
                  <ActionIcon aria-label="More actions" variant="default">
                    <IconDots size={16} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item onClick={() => setAsking("password")}>Set a new password</Menu.Item>
                  {disabled ? (
                    <Menu.Item
                      onClick={() =>
                        void enable().then(
                          () => toast({ title: `${nameOf(user)} may sign in again` }),
                          (cause: unknown) => toastError("It did not work", cause),
                        )
                      }
                    >
                      Enable
                    </Menu.Item>
                  ) : (
                    <Menu.Item onClick={() => setAsking("disable")}>Disable</Menu.Item>
                  )}
                  <Menu.Item color="red" onClick={() => setAsking("delete")}>
                    Delete
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </>
          ) : null
        }
        facts={
          <>
            <Facts
              rows={[
                ["E-mail", user.email],
                ["Phone", user.phone],
                ["Language", user.locale],
                ["Time zone", user.timeZone],
                ["Last sign-in", <Time key="t" value={user.lastSignInTime} />],
                ["Locked until", user.lockedUntil ? <Time key="t" value={user.lockedUntil} exact /> : null],
                ["Password", user.mustChangePassword ? "To be changed at the next sign-in" : null],
                ["Created", <Time key="t" value={user.createTime} />],
              ]}
            />
            <Facts
              title="Groups"
              rows={(groups.data?.groups ?? []).map((group) => [
                group.name ?? "",
                <Link key={group.id} className="link" to={`/platform/groups/${group.id}`}>
                  Open
                </Link>,
              ])}
            />
          </>
        }
        tabs={[
          { id: "roles", title: "Roles", content: <Roles kind="SUBJECT_KIND_USER" id={id} name={nameOf(user)} /> },
          { id: "tokens", title: "API tokens", content: <Tokens principal={id} /> },
          ...(may("IdentityService_ListRowFilters")
            ? [{ id: "rows", title: "Rows they see", content: <RowFilters principal={id} name={nameOf(user)} /> }]
            : []),
        ]}
      />
      {asking === "password" ? <ResetPassword user={user} close={() => setAsking(null)} /> : null}
      {asking === "disable" ? (
        <Confirm
          title={`Disable ${nameOf(user)}?`}
          action={`Disable ${nameOf(user)}`}
          danger
          close={() => setAsking(null)}
          run={async () => {
            await call("IdentityService_DisableUser", { path: { id }, body: { etag: user.etag } as never });
            toast({ title: `${nameOf(user)} is disabled`, undo: enable });
            await refresh();
          }}
        >
          They cannot sign in, and all their sessions and tokens stop working at once. It can be undone.
        </Confirm>
      ) : null}
      {asking === "delete" ? (
        <Confirm
          title={`Delete ${nameOf(user)}?`}
          action={`Delete ${nameOf(user)}`}
          danger
          close={() => setAsking(null)}
          run={async () => {
            await call("IdentityService_DeleteUser", { path: { id }, query: { etag: user.etag } });
            toast({ title: `${nameOf(user)} is deleted` });
            await navigate({ to: HOME });
            await refresh();
          }}
        >
          They cannot sign in any more, their tokens stop working, and the e-mail address is free again. What they did
          stays in the history. This cannot be undone.
        </Confirm>
      ) : null}
    </>
  );
}

// Groups: users who hold roles together.
import { ActionIcon, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconX } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useChange, useList, useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { Time } from "@/kit/badges";
import { EditAndDelete } from "@/kit/delete";
import { Detail as DetailPage, Facts } from "@/kit/detail";
import { EditPage, useEdit } from "@/kit/form/edit-page";
import { FormPage } from "@/kit/form/form-page";
import { Roles } from "@/kit/identity/roles";
import { List as ListPage } from "@/kit/table/list";
import { Listed } from "@/kit/table/listed";
import { type Column, linked } from "@/kit/table/table";
import { useId } from "@/kit/url";

type Group = Message<"tessera.identity.v1.Group">;
type Member = Message<"tessera.identity.v1.GroupMember">;

const HOME = "/platform/groups";

const columns: Column<Group>[] = [
  linked(
    "Name",
    "minmax(180px, 1fr)",
    (row) => row.name,
    (row) => `${HOME}/${row.id}`,
  ),
  {
    id: "description",
    title: "What for",
    width: "minmax(200px, 2fr)",
    cell: (row) => row.description,
    text: (row) => row.description,
  },
  {
    id: "updated",
    title: "Changed",
    width: "130px",
    cell: (row) => <Time value={row.updateTime} />,
    text: (row) => row.updateTime,
  },
];

export function List() {
  return (
    <ListPage
      title="Groups"
      purpose="Users who hold roles together."
      op="IdentityService_ListGroups"
      items="groups"
      noun={["group", "groups"]}
      columns={columns}
      name={(row) => row.name ?? ""}
      to={(row) => `${HOME}/${row.id}`}
      search="Beginning of a name"
      query={(url) => ({ namePrefix: url.q })}
      create={{ title: "New group", to: `${HOME}/new`, needs: "IdentityService_CreateGroup" }}
      teach="Give a role to a group, and everyone in it holds the role as long as they are a member."
    />
  );
}

const form = {
  of: "tessera.identity.v1.Group",
  within: "group",
  service: "identity",
  fields: ["name", "description"],
  required: ["name"],
};

export function Create() {
  const navigate = useNavigate();
  return (
    <FormPage<Group>
      {...form}
      first={{}}
      title="New group"
      above={{ title: "Groups", to: HOME }}
      action="Create group"
      close={() => navigate({ to: HOME })}
      save={async (group, _, requestId) => {
        const made = await call("IdentityService_CreateGroup", { body: { group, requestId } });
        return { title: `${made.name} is created`, to: `${HOME}/${made.id}` };
      }}
    />
  );
}

function Members({ group }: { group: Group }) {
  const id = group.id ?? "";
  const may = useMay();
  const list = useList("IdentityService_ListGroupMembers", "members", { path: { group_id: id } });
  const add = useChange("IdentityService_AddGroupMembers");
  const remove = useChange("IdentityService_RemoveGroupMembers");
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text, 150);
  const users =
    useCall(
      "IdentityService_ListUsers",
      { query: { emailPrefix: asked, pageSize: 20 } },
      { enabled: may("IdentityService_ListUsers"), keep: true },
    ).data?.users ?? [];
  const change = may("IdentityService_AddGroupMembers");
  const put = (user: string) => add.mutateAsync({ path: { group_id: id }, body: { userIds: [user] } as never });
  const memberColumns: Column<Member>[] = [
    linked(
      "Name",
      "minmax(160px, 1fr)",
      (row) => row.displayName || row.email,
      (row) => `/platform/users/${row.userId}`,
    ),
    { id: "email", title: "E-mail", width: "minmax(160px, 1fr)", cell: (row) => row.email },
    { id: "joined", title: "Joined", width: "120px", cell: (row) => <Time value={row.joinTime} /> },
    ...(change
      ? [
          {
            id: "remove",
            title: "",
            width: "48px",
            cell: (row: Member) => (
              <ActionIcon
                size={24}
                aria-label={`Remove ${row.displayName || row.email}`}
                onClick={() =>
                  remove.mutate(
                    { path: { group_id: id }, body: { userIds: [row.userId ?? ""] } as never },
                    {
                      onSuccess: () =>
                        toast({
                          title: `${row.displayName || row.email} has left ${group.name}`,
                          undo: () => put(row.userId ?? ""),
                        }),
                      onError: (cause) => toastError("Nobody was removed", cause),
                    },
                  )
                }
              >
                <IconX size={14} />
              </ActionIcon>
            ),
          },
        ]
      : []),
  ];
  return (
    <>
      {change ? (
        <Select
          size="xs"
          w={300}
          mb="sm"
          aria-label="Add a user"
          placeholder="Add a user by e-mail"
          searchable
          value={null}
          searchValue={text}
          onSearchChange={setText}
          data={users
            .filter((user) => !list.rows.some((member) => member.userId === user.id))
            .map((user) => ({ value: user.id ?? "", label: `${user.displayName || user.email} (${user.email})` }))}
          filter={({ options }) => options}
          nothingFoundMessage="Nobody"
          onChange={(user) => {
            if (user) void put(user).catch((cause: unknown) => toastError("Nobody was added", cause));
            setText("");
          }}
        />
      ) : null}
      <Listed
        list={list}
        label="Members"
        noun={["member", "members"]}
        columns={memberColumns}
        id={(row) => row.userId ?? ""}
        name={(row) => row.displayName ?? row.email ?? ""}
        to={(row) => `/platform/users/${row.userId}`}
        none="Nobody is in this group yet"
      >
        Add users by their e-mail address.
      </Listed>
    </>
  );
}

export function Detail() {
  const id = useId();
  const query = useCall("IdentityService_GetGroup", { path: { id } });
  const may = useMay();
  const [editing, edit] = useEdit();
  const group: Group = query.data ?? {};
  const name = group.name ?? "";
  if (editing && query.data) {
    return (
      <EditPage<Group>
        {...form}
        thing={group}
        home={`${HOME}/${id}`}
        update={(body, updateMask) =>
          call("IdentityService_UpdateGroup", { path: { "group.id": id }, query: { updateMask }, body })
        }
      />
    );
  }
  return (
    <DetailPage
      query={query}
      title={name}
      above={{ title: "Groups", to: HOME }}
      purpose={group.description}
      actions={
        may("IdentityService_UpdateGroup") ? (
          <EditAndDelete
            name={name}
            edit={edit}
            home={HOME}
            service="identity"
            run={() => call("IdentityService_DeleteGroup", { path: { id }, query: { etag: group.etag } })}
          >
            Its members lose the roles they hold by it, at once. The users themselves stay. This cannot be undone.
          </EditAndDelete>
        ) : null
      }
      facts={
        <Facts
          rows={[
            ["Changed", <Time key="t" value={group.updateTime} />],
            ["Created", <Time key="t" value={group.createTime} />],
          ]}
        />
      }
      tabs={[
        { id: "members", title: "Members", content: <Members group={group} /> },
        { id: "roles", title: "Roles", content: <Roles kind="SUBJECT_KIND_GROUP" id={id} name={name} /> },
      ]}
    />
  );
}

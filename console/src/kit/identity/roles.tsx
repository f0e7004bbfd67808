// The roles of a user, a group or a program: which it holds, and what follows from them.
import { ActionIcon, Button, Group, Select, Skeleton } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { Message } from "@/api/contract";
import { useCall, useChange, useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { Time } from "../badges";
import { ErrorState } from "../states";
import classes from "./identity.module.css";

interface Props {
  kind: Message<"tessera.identity.v1.SubjectKind">;
  id: string;
  name: string;
}

export function Roles({ kind, id, name }: Props) {
  const may = useMay();
  const roles = useCall("IdentityService_ListRoles", undefined, {
    enabled: may("IdentityService_ListRoles"),
    staleTime: 60_000,
  });
  const held = useCall(
    "IdentityService_ListRoleAssignments",
    { query: { subjectId: id, pageSize: 200 } },
    { enabled: may("IdentityService_ListRoleAssignments") },
  );
  const access = useCall(
    "IdentityService_GetEffectiveAccess",
    { path: { principal_id: id } },
    { enabled: kind !== "SUBJECT_KIND_GROUP" && may("IdentityService_GetEffectiveAccess") },
  );
  const assign = useChange("IdentityService_AssignRole");
  const unassign = useChange("IdentityService_UnassignRole");
  const [chosen, choose] = useState<string | null>(null);
  const subject = { kind, id };
  const assignments = held.data?.roleAssignments ?? [];
  const free = (roles.data?.roles ?? []).filter((role) => !assignments.some((one) => one.role === role.name));

  if (held.error) return <ErrorState error={held.error} retry={() => void held.refetch()} />;
  if (held.isPending) return <Skeleton height={90} />;
  const give = (role: string) => assign.mutateAsync({ body: { subject, role } });
  return (
    <div className={classes.block}>
      {assignments.length === 0 ? <p className="dim">{name} holds no role of its own.</p> : null}
      <ul className={classes.rows}>
        {assignments.map((one) => (
          <li key={one.id} className={classes.row}>
            <strong>{one.role}</strong>
            <span className="mono dim truncate">
              {roles.data?.roles?.find((role) => role.name === one.role)?.permissions?.join("  ")}
            </span>
            <span className="dim">
              <Time value={one.createTime} />
            </span>
            {may("IdentityService_UnassignRole") ? (
              <ActionIcon
                aria-label={`Take the role ${one.role} from ${name}`}
                size={24}
                onClick={() =>
                  unassign.mutate(
                    { body: { subject, role: one.role ?? "" } },
                    {
                      onSuccess: () =>
                        toast({ title: `${name} is no longer ${one.role}`, undo: () => give(one.role ?? "") }),
                      onError: (cause) => toastError("The role was not taken", cause),
                    },
                  )
                }
              >
                <IconX size={14} />
              </ActionIcon>
            ) : null}
          </li>
        ))}
      </ul>
      {may("IdentityService_AssignRole") && free.length > 0 ? (
        <Group gap="xs" mt="sm">
          <Select
            size="xs"
            aria-label="Role to give"
            placeholder="Role"
            data={free.map((role) => role.name ?? "")}
            value={chosen}
            onChange={choose}
            w={180}
          />
          <Button
            variant="default"
            disabled={!chosen}
            loading={assign.isPending}
            onClick={() => {
              if (!chosen) return;
              void give(chosen).then(
                () => {
                  toast({ title: `${name} is ${chosen} now` });
                  choose(null);
                },
                (cause: unknown) => toastError("The role was not given", cause),
              );
            }}
          >
            Give role
          </Button>
        </Group>
      ) : null}
      {access.data ? (
        <>
          <h2 className={classes.title}>What they may do, by all their roles and groups</h2>
          <p className="mono">{access.data.permissions?.join("  ") || "nothing"}</p>
        </>
      ) : null}
    </div>
  );
}

// Users, groups and programs by name, wherever only their ids are known.
import { useMemo } from "react";
import type { Message } from "@/api/contract";
import { useCall, useMay } from "@/api/hooks";

export type Subject = Message<"tessera.identity.v1.Subject">;

const homes: Record<string, string> = { SUBJECT_KIND_USER: "/platform/users", SUBJECT_KIND_GROUP: "/platform/groups" };

/** What a subject is called, and where its page is; its id while, or because, more cannot be known. */
export function useSubjects(subjects: (Subject | undefined)[]): (subject: Subject) => { name: string; to?: string } {
  const may = useMay();
  const of = (kind: string) =>
    [...new Set(subjects.filter((one) => one?.kind === kind).map((one) => one?.id ?? ""))].sort().slice(0, 100);
  const [users, groups, programs] = [
    of("SUBJECT_KIND_USER"),
    of("SUBJECT_KIND_GROUP"),
    of("SUBJECT_KIND_SERVICE_PRINCIPAL"),
  ];
  const long = (ids: string[], allowed: boolean) => ({
    enabled: ids.length > 0 && allowed,
    staleTime: 60_000,
    keep: true,
  });
  const foundUsers = useCall(
    "IdentityService_BatchGetUsers",
    { query: { ids: users } },
    long(users, may("IdentityService_BatchGetUsers")),
  ).data?.users;
  const foundGroups = useCall(
    "IdentityService_BatchGetGroups",
    { query: { ids: groups } },
    long(groups, may("IdentityService_BatchGetGroups")),
  ).data?.groups;
  const foundPrograms = useCall(
    "IdentityService_BatchGetServicePrincipals",
    { query: { ids: programs } },
    long(programs, may("IdentityService_BatchGetServicePrincipals")),
  ).data?.servicePrincipals;
  return useMemo(() => {
    const names = new Map([
      ...(foundUsers ?? []).map((one) => [one.id, one.displayName || one.email] as const),
      ...(foundGroups ?? []).map((one) => [one.id, one.name] as const),
      ...(foundPrograms ?? []).map((one) => [one.id, one.name] as const),
    ]);
    return (subject) => {
      const home = homes[subject.kind ?? ""];
      return { name: names.get(subject.id) ?? subject.id ?? "", to: home ? `${home}/${subject.id}` : undefined };
    };
  }, [foundUsers, foundGroups, foundPrograms]);
}

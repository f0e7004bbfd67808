// Who did something, as the audit log names callers (`user:<id>`), by the name people know.
import { useMe } from "@/api/hooks";
import { useSubjects } from "./subjects";

const kinds: Record<string, "SUBJECT_KIND_USER" | "SUBJECT_KIND_SERVICE_PRINCIPAL"> = {
  user: "SUBJECT_KIND_USER",
  service_principal: "SUBJECT_KIND_SERVICE_PRINCIPAL",
  service: "SUBJECT_KIND_SERVICE_PRINCIPAL",
};

/** The kind and id in an audit name; nothing where it names neither user nor program. */
export function subjectOf(actor: string | undefined) {
  const [kind = "", id = ""] = (actor ?? "").split(":");
  const of = kinds[kind];
  return of && id ? { kind: of, id } : undefined;
}

export function Actor({ of }: { of: string | undefined }) {
  const me = useMe().data;
  const subject = subjectOf(of);
  const own = subject !== undefined && subject.id === me?.principalId;
  const named = useSubjects([own ? undefined : subject]);
  if (!subject) return <>{of}</>;
  return <span title={of}>{own ? me?.name : named(subject).name}</span>;
}

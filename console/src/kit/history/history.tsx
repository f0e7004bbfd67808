// The history of a definition: who made which version when, what it changed, and the way back to it.
import { Button, Skeleton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useList, useMay } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { Time } from "../badges";
import { Confirm } from "../confirm";
import { words } from "../format";
import { Actor } from "../identity/actor";
import { ErrorState } from "../states";
import { useUrlState } from "../url";
import { Changes } from "./changes";
import classes from "./history.module.css";

type Version = Message<"tessera.metadata.v1.DefinitionVersion">;

/** The versions of the definition `id`, which is at `etag` now. */
export function History({ id, etag, name }: { id: string; etag: string; name: string }) {
  const list = useList("MetadataService_ListVersions", "versions", { path: { id } }, { pageSize: 50 });
  const [chosen, choose] = useUrlState("version");
  const newest = Number(list.rows[0]?.version ?? 0);
  const at = Number(chosen) || newest;
  if (list.error) return <ErrorState error={list.error} retry={() => void list.refetch()} />;
  if (list.isPending) return <Skeleton height={160} />;
  return (
    <div className={classes.columns}>
      <ol className={classes.versions} aria-label="Versions, newest first">
        {list.rows.map((one) => (
          <li key={one.version}>
            <button
              type="button"
              className={classes.version}
              aria-current={Number(one.version) === at ? "true" : undefined}
              onClick={() => choose(String(one.version))}
            >
              <span className={classes.number}>{one.version}</span>
              <span className={classes.what}>
                <span>{words(one.action)}</span>
                <span className="dim truncate">
                  <Actor of={one.actor} />
                </span>
              </span>
              <span className="dim">
                <Time value={one.createTime} />
              </span>
            </button>
          </li>
        ))}
        {list.hasNextPage ? (
          <Button variant="subtle" onClick={() => void list.fetchNextPage()} loading={list.isFetchingNextPage}>
            Older versions
          </Button>
        ) : null}
      </ol>
      <OneVersion
        key={at}
        id={id}
        etag={etag}
        name={name}
        version={list.rows.find((one) => Number(one.version) === at)}
        newest={newest}
      />
    </div>
  );
}

function OneVersion({
  id,
  etag,
  name,
  version,
  newest,
}: {
  id: string;
  etag: string;
  name: string;
  version?: Version;
  newest: number;
}) {
  const number = Number(version?.version ?? 0);
  const [against, setAgainst] = useState<"before" | "newest">("before");
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const may = useMay();
  const [from, to] = against === "before" ? [number - 1, number] : [number, newest];
  const diff = useCall(
    "MetadataService_DiffVersions",
    { path: { id }, query: { fromVersion: String(from), toVersion: String(to) } },
    { enabled: number > 0, staleTime: 60_000, keep: true },
  );
  if (number === 0) return null;
  return (
    <div className={classes.diff}>
      <div className={classes.head}>
        <h2 className={classes.title}>
          {against === "before"
            ? number === 1
              ? "What version 1 began with"
              : `What version ${number} changed`
            : `From version ${number} to ${newest}, the newest`}
        </h2>
        {number < newest ? (
          <>
            <Button
              variant="subtle"
              color="gray"
              onClick={() => setAgainst(against === "before" ? "newest" : "before")}
            >
              {against === "before" ? "Compare with the newest" : "Compare with the one before"}
            </Button>
            {may("MetadataService_RestoreVersion") ? (
              <Button variant="default" onClick={() => setAsking(true)}>
                Restore version {number}
              </Button>
            ) : null}
          </>
        ) : null}
      </div>
      {diff.error ? (
        <ErrorState error={diff.error} retry={() => void diff.refetch()} />
      ) : diff.isPending ? (
        <Skeleton height={80} />
      ) : (
        <Changes changes={diff.data.changes ?? []} />
      )}
      {asking ? (
        <Confirm
          title={`Restore version ${number} of ${name}?`}
          action={`Restore version ${number}`}
          close={() => setAsking(false)}
          run={async () => {
            await call("MetadataService_RestoreVersion", {
              path: { id, version: String(number) },
              body: { etag } as never,
            });
            await client.invalidateQueries({ queryKey: ["metadata"] });
            toast({
              title: `${name} is as it was in version ${number}`,
              text: `It is version ${newest + 1} now; nothing of the history is lost.`,
            });
          }}
        >
          It becomes version {newest + 1}, the same as version {number}. Whatever uses {name} sees it at once; versions{" "}
          {number + 1} to {newest} stay in the history.
        </Confirm>
      ) : null}
    </div>
  );
}

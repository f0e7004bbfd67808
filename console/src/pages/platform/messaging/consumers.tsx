// Who takes messages and how far they are: the tenant's subscriptions, and the consumers of services.
import { Button, Modal, SegmentedControl, TextInput } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { asApiError } from "@/api/errors";
import { useList, useMay } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { Badge, Time } from "@/kit/badges";
import { formatNumber } from "@/kit/format";
import { EmptyState, ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
import { useUrl } from "@/kit/url";
import { useFresh } from "../../work/operations/progress";
import classes from "./messaging.module.css";

type Subscription = Message<"tessera.messaging.v1.Subscription">;

function Lag({ of }: { of: Subscription }) {
  const figures = of.figures ?? {};
  const lag = Number(figures.lag ?? 0);
  return (
    <Badge tone={lag === 0 ? "good" : lag > 1000 ? "warn" : "plain"}>
      {`${figures.lagIsExact ? "" : "≤ "}${formatNumber(lag)}`}
    </Badge>
  );
}

export function Consumers() {
  const may = useMay();
  const [url, setUrl] = useUrl();
  const services = url.of === "services" && may("MessagingService_GetBrokerStatus");
  const [moving, setMoving] = useState<Subscription>();
  useFresh(true, [["messaging", "MessagingService_ListSubscriptions"]], 3000);
  const asked = { query: { ofServices: services || undefined } } as never;
  const list = useList("MessagingService_ListSubscriptions", "subscriptions", asked, { pageSize: 100 });
  const rows = list.rows as Subscription[];
  const columns: Column<Subscription>[] = [
    {
      id: "name",
      title: "Name",
      width: "minmax(150px, 1.2fr)",
      cell: (row) => (row.service ? `${row.service}: ${row.name}` : row.name),
      text: (row) => row.name,
    },
    {
      id: "pattern",
      title: "Topics",
      width: "minmax(200px, 2fr)",
      cell: (row) => <span className="mono">{row.pattern}</span>,
      text: (row) => row.pattern,
    },
    { id: "lag", title: "Lag", width: "90px", align: "end", cell: (row) => <Lag of={row} /> },
    {
      id: "out",
      title: "In flight",
      width: "80px",
      align: "end",
      cell: (row) => formatNumber(row.figures?.inFlight ?? 0),
    },
    {
      id: "waiting",
      title: "Waiting",
      width: "80px",
      align: "end",
      cell: (row) => formatNumber(row.figures?.waiting ?? 0),
    },
    {
      id: "failed",
      title: "Failed",
      width: "80px",
      align: "end",
      cell: (row) => formatNumber(row.figures?.failed ?? 0),
    },
    {
      id: "dead",
      title: "Dead letters",
      width: "110px",
      align: "end",
      cell: (row) => {
        const dead = Number(row.figures?.deadLetters ?? 0);
        return dead > 0 ? <Badge tone="bad">{formatNumber(dead)}</Badge> : "0";
      },
    },
    { id: "fetch", title: "Fetched", width: "110px", cell: (row) => <Time value={row.figures?.lastFetchTime} /> },
    {
      id: "act",
      title: "",
      width: "110px",
      align: "end",
      cell: (row) =>
        !row.service && may("MessagingService_ResetSubscription") ? (
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconHistory size={13} />}
            onClick={(event) => {
              event.stopPropagation();
              setMoving(row);
            }}
          >
            Replay
          </Button>
        ) : null,
    },
  ];
  return (
    <>
      {may("MessagingService_GetBrokerStatus") ? (
        <SegmentedControl
          mb="md"
          size="xs"
          aria-label="Whose"
          value={services ? "services" : "tenant"}
          onChange={(of) => setUrl({ of: of === "services" ? of : undefined })}
          data={[
            { value: "tenant", label: "Subscriptions" },
            { value: "services", label: "Services" },
          ]}
        />
      ) : null}
      {list.error && rows.length === 0 ? (
        <ErrorState error={list.error} retry={() => void list.refetch()} />
      ) : !list.isPending && rows.length === 0 ? (
        <EmptyState title="No subscriptions yet">
          A subscription has messages of some topics delivered until they are acknowledged, in order where they have a
          key.
        </EmptyState>
      ) : (
        <Table
          label="Consumers"
          rows={rows}
          columns={columns}
          id={(row) => row.id ?? ""}
          name={(row) => (row.service ? `${row.service}: ${row.name}` : (row.name ?? ""))}
          onRow={(row) => setUrl({ tab: "dead", subscription: row.id })}
          loading={list.isPending}
          hasMore={list.hasNextPage && !list.isFetchingNextPage}
          loadMore={() => void list.fetchNextPage()}
          inline
        />
      )}
      {moving ? <Move subscription={moving} close={() => setMoving(undefined)} /> : null}
    </>
  );
}

/** Moves a subscription to another place of the log, so that it has messages again or passes them over. */
function Move({ subscription, close }: { subscription: Subscription; close: () => void }) {
  const client = useQueryClient();
  const [where, setWhere] = useState("oldest");
  const [text, setText] = useState("");
  const [error, setError] = useState<unknown>(null);
  const time = where === "time" ? Date.parse(text) : 0;
  const ready = where === "time" ? Number.isFinite(time) : where === "position" ? /^\d+$/.test(text) : true;
  const to =
    where === "oldest"
      ? { oldest: true }
      : where === "time"
        ? { time: Number.isFinite(time) ? new Date(time).toISOString() : undefined }
        : where === "position"
          ? { position: text }
          : {};
  const given = error === null ? null : asApiError(error);
  return (
    <Modal opened onClose={close} title={`Replay messages to ${subscription.name}`} size={460}>
      <form
        className={classes.letter}
        onSubmit={(event) => {
          event.preventDefault();
          call("MessagingService_ResetSubscription", {
            path: { id: subscription.id ?? "" },
            body: { to },
          } as never).then(() => {
            toast({ title: `${subscription.name} goes on from there` });
            void client.invalidateQueries({ queryKey: ["messaging"] });
            close();
          }, setError);
        }}
      >
        <SegmentedControl
          fullWidth
          aria-label="From where"
          value={where}
          onChange={setWhere}
          data={[
            { value: "oldest", label: "Oldest" },
            { value: "time", label: "A time" },
            { value: "position", label: "A position" },
            { value: "end", label: "The end" },
          ]}
        />
        {where === "time" || where === "position" ? (
          <TextInput
            data-autofocus
            label={where === "time" ? "Time, such as 2026-01-31 12:00" : "Position"}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        ) : null}
        <p style={{ margin: 0 }}>
          {where === "end"
            ? "Messages that it has not done yet are passed over."
            : "Messages from there on are delivered again; consumers must be able to take them twice."}
        </p>
        {given ? (
          <div role="alert" style={{ color: "var(--bad)" }}>
            {given.message}. {given.advice}
          </div>
        ) : null}
        <Button type="submit" disabled={!ready} style={{ alignSelf: "flex-end" }}>
          {where === "end" ? "Skip to the end" : "Replay from there"}
        </Button>
      </form>
    </Modal>
  );
}

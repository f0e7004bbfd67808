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
import { Listed } from "@/kit/table/listed";
import { type Column, codes } from "@/kit/table/table";
import { useUrl } from "@/kit/url";
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

const figure = (
  id: string,
  title: string,
  of: (row: Subscription) => string | number | undefined,
): Column<Subscription> => ({ id, title, width: "80px", align: "end", cell: (row) => formatNumber(of(row) ?? 0) });

export function Consumers() {
  const may = useMay();
  const [url, setUrl] = useUrl();
  const services = url.of === "services" && may("MessagingService_GetBrokerStatus");
  const [moving, setMoving] = useState<Subscription>();
  const list = useList(
    "MessagingService_ListSubscriptions",
    "subscriptions",
    { query: { ofServices: services || undefined } },
    { every: 3000 },
  );
  const columns: Column<Subscription>[] = [
    {
      id: "name",
      title: "Name",
      width: "minmax(150px, 1.2fr)",
      cell: (row) => (row.service ? `${row.service}: ${row.name}` : row.name),
      text: (row) => row.name,
    },
    codes("pattern", "Topics", "minmax(200px, 2fr)", (row) => row.pattern),
    { id: "lag", title: "Lag", width: "90px", align: "end", cell: (row) => <Lag of={row} /> },
    figure("out", "In flight", (row) => row.figures?.inFlight),
    figure("waiting", "Waiting", (row) => row.figures?.waiting),
    figure("failed", "Failed", (row) => row.figures?.failed),
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
    { id: "fetch", title: "Fetched", width: "130px", cell: (row) => <Time value={row.figures?.lastFetchTime} /> },
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
      <Listed
        list={list}
        label="Consumers"
        noun={["subscription", "subscriptions"]}
        columns={columns}
        id={(row) => row.id ?? ""}
        name={(row) => (row.service ? `${row.service}: ${row.name}` : (row.name ?? ""))}
        onRow={(row) => setUrl({ tab: "dead", subscription: row.id })}
        none="No subscriptions yet"
      >
        A subscription has messages of some topics delivered until they are acknowledged, in order where they have a
        key.
      </Listed>
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

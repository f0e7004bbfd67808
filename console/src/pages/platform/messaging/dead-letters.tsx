// Dead letters: what could not be done, to read, to replay, to delete.
import { Button, Modal } from "@mantine/core";
import { IconRefresh, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "@/api/client";
import type { Message } from "@/api/contract";
import { useCall, useList, useMay } from "@/api/hooks";
import { toast, toastError } from "@/app/toasts";
import { Time } from "@/kit/badges";
import { Confirm } from "@/kit/confirm";
import { count } from "@/kit/format";
import { Listed } from "@/kit/table/listed";
import { type Column, codes } from "@/kit/table/table";
import { useUrl } from "@/kit/url";
import { MessageFacts } from "./messages";
import classes from "./messaging.module.css";

type Dead = Message<"tessera.messaging.v1.DeadLetter">;

const columns: Column<Dead>[] = [
  codes("topic", "Topic", "minmax(170px, 1.2fr)", (row) => row.message?.topic),
  {
    id: "reason",
    title: "Why",
    width: "minmax(200px, 2fr)",
    cell: (row) => row.reason || <span className="dim">not acknowledged in time</span>,
    text: (row) => row.reason,
  },
  { id: "tries", title: "Tries", width: "70px", align: "end", cell: (row) => row.attempts ?? 0 },
  { id: "since", title: "Since", width: "130px", cell: (row) => <Time value={row.createTime} /> },
  { id: "replayed", title: "Replayed", width: "130px", cell: (row) => <Time value={row.replayTime} /> },
];

export function DeadLetters() {
  const may = useMay();
  const client = useQueryClient();
  const [url, setUrl] = useUrl();
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [open, setOpen] = useState<Dead>();
  const [asking, setAsking] = useState(false);
  const subscription = url.subscription;
  const named = useCall(
    "MessagingService_GetSubscription",
    { path: { id: subscription ?? "" } },
    { enabled: Boolean(subscription) },
  ).data?.name;
  const list = useList("MessagingService_ListDeadLetters", "deadLetters", { query: { subscriptionId: subscription } });
  const rows = list.rows;
  const ids = [...chosen].filter((id) => rows.some((row) => row.id === id));
  const after = (what: string) => {
    setChosen(new Set());
    toast({ title: what });
    return client.invalidateQueries({ queryKey: ["messaging"] });
  };
  const replay = () =>
    call("MessagingService_ReplayDeadLetters", { body: { ids } }).then(
      (answer) => after(`${count(answer.replayed ?? 0, "dead letter")} replayed`),
      (cause: unknown) => toastError("They were not replayed", cause),
    );
  return (
    <>
      <div className={classes.bar}>
        {subscription ? (
          <Button variant="default" onClick={() => setUrl({ subscription: undefined })}>
            Only of {named ?? "one subscription"} · show all
          </Button>
        ) : null}
        <Button
          variant="default"
          leftSection={<IconRefresh size={14} />}
          disabled={ids.length === 0 || !may("MessagingService_ReplayDeadLetters")}
          onClick={() => void replay()}
        >
          Replay {ids.length > 0 ? ids.length : ""}
        </Button>
        <Button
          variant="default"
          leftSection={<IconTrash size={14} />}
          disabled={ids.length === 0 || !may("MessagingService_DeleteDeadLetters")}
          onClick={() => setAsking(true)}
        >
          Delete {ids.length > 0 ? ids.length : ""}
        </Button>
      </div>
      <Listed
        list={list}
        label="Dead letters"
        noun={["dead letter", "dead letters"]}
        columns={columns}
        id={(row) => row.id ?? ""}
        name={(row) => `${row.message?.topic} ${row.message?.position}`}
        onRow={setOpen}
        chosen={chosen}
        onChoose={setChosen}
        none="No dead letters"
      >
        A message that was delivered as often as allowed and never acknowledged is kept here, to be read and replayed.
      </Listed>
      {open?.message ? (
        <Modal opened onClose={() => setOpen(undefined)} title={open.message.topic} size={640}>
          <p style={{ color: "var(--bad)", marginTop: 0 }}>{open.reason}</p>
          <MessageFacts letter={open.message} />
        </Modal>
      ) : null}
      {asking ? (
        <Confirm
          title={`Delete ${count(ids.length, "dead letter")}?`}
          action="Delete them"
          danger
          close={() => setAsking(false)}
          run={() =>
            call("MessagingService_DeleteDeadLetters", { body: { ids } }).then((answer) =>
              after(`${count(answer.deleted ?? 0, "dead letter")} deleted`),
            )
          }
        >
          They can no longer be replayed. The messages stay in their topics as long as those are kept.
        </Confirm>
      ) : null}
    </>
  );
}

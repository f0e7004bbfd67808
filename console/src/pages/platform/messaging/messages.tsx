// Messages as a table, each opening into what it says.
import { Button, Modal } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useState } from "react";
import type { Message } from "@/api/contract";
import { Badge, Time } from "@/kit/badges";
import { Facts } from "@/kit/detail";
import { Listed, type Listing } from "@/kit/table/listed";
import { type Column, codes } from "@/kit/table/table";
import classes from "./messaging.module.css";
import { bytes } from "./status";

export type Letter = Message<"tessera.messaging.v1.Message">;

const columns: Column<Letter>[] = [
  {
    id: "position",
    title: "Position",
    width: "90px",
    align: "end",
    cell: (row) => <span className="num">{row.position}</span>,
  },
  { id: "at", title: "Published", width: "130px", cell: (row) => <Time value={row.publishTime} /> },
  codes("topic", "Topic", "minmax(170px, 1.4fr)", (row) => row.topic),
  codes("key", "Key", "minmax(110px, 1fr)", (row) => row.key),
  { id: "size", title: "Size", width: "90px", align: "end", cell: (row) => bytes(row.storedBytes) },
];

/** What a message says, as text: its JSON, or how many bytes it has. */
export function said(letter: Letter): string {
  if (letter.json !== undefined && letter.json !== null) return JSON.stringify(letter.json, null, 2);
  if (!letter.data) return "";
  const text = atob(letter.data);
  // What has control characters is no text.
  return [...text].some((letter) => letter < " " && !"\n\r\t".includes(letter)) ? `${text.length} bytes` : text;
}

interface Props {
  list: Listing<Letter>;
  /** What is said while there are none. */
  teach: string;
  /** Shows a message in the place of the table: one is within a dialog already. */
  inPlace?: boolean;
}

export function MessageTable({ list, teach, inPlace }: Props) {
  const [open, setOpen] = useState<Letter>();
  if (inPlace && open)
    return (
      <>
        <Button
          variant="subtle"
          size="compact-sm"
          mb="sm"
          leftSection={<IconArrowLeft size={14} />}
          onClick={() => setOpen(undefined)}
        >
          All messages
        </Button>
        <MessageFacts letter={open} />
      </>
    );
  return (
    <>
      <Listed
        list={list}
        label="Messages"
        noun={["message", "messages"]}
        columns={columns}
        id={(row) => String(row.position)}
        name={(row) => `${row.position} ${row.topic}`}
        onRow={setOpen}
        none="No messages"
      >
        {teach}
      </Listed>
      {open ? (
        <Modal opened onClose={() => setOpen(undefined)} title={open.topic} size={640}>
          <MessageFacts letter={open} />
        </Modal>
      ) : null}
    </>
  );
}

export function MessageFacts({ letter }: { letter: Letter }) {
  const text = said(letter);
  return (
    <div className={classes.letter}>
      <Facts
        rows={[
          ["Position", letter.position],
          ["Id", <Mono key="id" text={letter.id} />],
          ["Key", letter.key ? <Mono key="key" text={letter.key} /> : undefined],
          ["Event time", <Time key="event" value={letter.eventTime} exact />],
          ["Published", <Time key="publish" value={letter.publishTime} exact />],
          ["Source", letter.source],
          ["Correlation id", letter.correlationId ? <Mono key="corr" text={letter.correlationId} /> : undefined],
          ["Causation id", letter.causationId ? <Mono key="cause" text={letter.causationId} /> : undefined],
          ["Content type", letter.contentType],
          [
            "Size",
            <span key="size">
              {bytes(letter.storedBytes)} {letter.compressed ? <Badge>compressed</Badge> : null}
            </span>,
          ],
          ...Object.entries(letter.metadata ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
        ]}
      />
      {text ? (
        <section className={classes.payload} tabIndex={0} aria-label="Payload">
          <pre>{text}</pre>
        </section>
      ) : null}
    </div>
  );
}

function Mono({ text }: { text: string | undefined }) {
  return <span className="mono">{text}</span>;
}

// Messages as a table, each opening into what it says.
import { Button, Modal } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useState } from "react";
import type { Message } from "@/api/contract";
import { Badge, Time } from "@/kit/badges";
import { Facts } from "@/kit/detail";
import { EmptyState, ErrorState } from "@/kit/states";
import { type Column, Table } from "@/kit/table/table";
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
  { id: "at", title: "Published", width: "110px", cell: (row) => <Time value={row.publishTime} /> },
  {
    id: "topic",
    title: "Topic",
    width: "minmax(170px, 1.4fr)",
    cell: (row) => <span className="mono">{row.topic}</span>,
    text: (row) => row.topic,
  },
  {
    id: "key",
    title: "Key",
    width: "minmax(110px, 1fr)",
    cell: (row) => <span className="mono">{row.key}</span>,
    text: (row) => row.key,
  },
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
  rows: Letter[];
  loading?: boolean;
  error?: unknown;
  retry?: () => void;
  hasMore?: boolean;
  loadMore?: () => void;
  teach?: string;
  /** Shows a message in the place of the table: one is within a dialog already. */
  inPlace?: boolean;
}

export function MessageTable({ rows, loading, error, retry, hasMore, loadMore, teach, inPlace }: Props) {
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
  if (error && rows.length === 0) return <ErrorState error={error} retry={retry} />;
  if (!loading && rows.length === 0)
    return <EmptyState title="No messages">{teach ?? "Nothing was published there since then."}</EmptyState>;
  return (
    <>
      <Table
        label="Messages"
        rows={rows}
        columns={columns}
        id={(row) => String(row.position)}
        name={(row) => `${row.position} ${row.topic}`}
        onRow={setOpen}
        loading={loading}
        hasMore={hasMore}
        loadMore={loadMore}
        inline
      />
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

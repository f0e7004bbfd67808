// Topics with their figures, and the messages of one, replayed from a time or a position.
import { Button, Drawer, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
import type { Message } from "@/api/contract";
import { useList } from "@/api/hooks";
import { Time } from "@/kit/badges";
import { formatNumber } from "@/kit/format";
import { Listed } from "@/kit/table/listed";
import { type Column, codes } from "@/kit/table/table";
import { useUrl } from "@/kit/url";
import { MessageTable } from "./messages";
import classes from "./messaging.module.css";
import { bytes } from "./status";

type Topic = Message<"tessera.messaging.v1.Topic">;

const columns: Column<Topic>[] = [
  codes("name", "Topic", "minmax(220px, 2fr)", (row) => row.name),
  { id: "messages", title: "Messages", width: "110px", align: "end", cell: (row) => formatNumber(row.messages ?? 0) },
  { id: "bytes", title: "Size", width: "100px", align: "end", cell: (row) => bytes(row.bytes) },
  { id: "takers", title: "Subscriptions", width: "120px", align: "end", cell: (row) => row.subscriptions ?? 0 },
  { id: "first", title: "First", width: "120px", cell: (row) => <Time value={row.firstTime} /> },
  { id: "last", title: "Last", width: "120px", cell: (row) => <Time value={row.lastTime} /> },
];

export function Topics() {
  const [url, setUrl] = useUrl();
  const [text, setText] = useState(url.prefix ?? "");
  const later = useDebouncedCallback(
    (prefix: string) => setUrl({ prefix: prefix || undefined }, { replace: true }),
    180,
  );
  const list = useList("MessagingService_ListTopics", "topics", { query: { prefix: url.prefix } });
  return (
    <>
      <TextInput
        className={classes.search}
        size="xs"
        aria-label="Topics that begin with"
        placeholder="Topics that begin with"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          later(event.currentTarget.value.trim());
        }}
      />
      <Listed
        list={list}
        label="Topics"
        noun={["topic", "topics"]}
        columns={columns}
        id={(row) => row.name ?? ""}
        name={(row) => row.name ?? ""}
        onRow={(row) => setUrl({ topic: row.name })}
        none={url.prefix ? "No topic fits" : "No topics yet"}
      >
        A topic is there from the first message on that is published to it.
      </Listed>
      <Drawer
        opened={Boolean(url.topic)}
        onClose={() => setUrl({ topic: undefined, from: undefined })}
        position="right"
        size={860}
        title={url.topic ?? ""}
      >
        {url.topic ? <Replay topic={url.topic} /> : null}
      </Drawer>
    </>
  );
}

/** The messages of a topic again, the oldest first, from a time or a position on. */
function Replay({ topic }: { topic: string }) {
  const [url, setUrl] = useUrl();
  const [from, setFrom] = useState(url.from ?? "");
  const position = /^\d+$/.test(url.from ?? "") ? url.from : undefined;
  const time = url.from && !position ? Date.parse(url.from) : Number.NaN;
  const filter = {
    "filter.pattern": topic,
    "filter.startPosition": position,
    "filter.startTime": Number.isFinite(time) ? new Date(time).toISOString() : undefined,
  };
  const list = useList("MessagingService_ListMessages", "messages", { query: filter }, { pageSize: 100 });
  return (
    <>
      <form
        className={classes.bar}
        onSubmit={(event) => {
          event.preventDefault();
          setUrl({ from: from.trim() || undefined });
        }}
      >
        <TextInput
          label="From"
          description="A position, or a time such as 2026-01-31 12:00; empty is the oldest"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Replay
        </Button>
      </form>
      <MessageTable list={list} teach="Nothing was published there since then." inPlace />
    </>
  );
}

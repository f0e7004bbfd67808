// The live tail: messages as they come, the latest on top.
import { Button, TextInput } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { follow } from "@/api/follow";
import { Badge } from "@/kit/badges";
import { ErrorState } from "@/kit/states";
import { listing } from "@/kit/table/listed";
import { useUrl } from "@/kit/url";
import { type Letter, MessageTable } from "./messages";
import classes from "./messaging.module.css";

/** So many stay on the page. */
const MOST = 500;

export function Tail() {
  const [url, setUrl] = useUrl();
  const pattern = url.pattern ?? ">";
  const [text, setText] = useState(pattern);
  const [running, setRunning] = useState(true);
  const [letters, setLetters] = useState<Letter[]>([]);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (!running) return;
    setError(null);
    let waiting: Letter[] = [];
    // Many a second are drawn together.
    const timer = setInterval(() => {
      if (waiting.length === 0) return;
      const come = waiting.reverse();
      waiting = [];
      setLetters((before) => [...come, ...before].slice(0, MOST));
    }, 200);
    // One that broke goes on behind the last message that it brought.
    let next: string | undefined;
    const take = (letter: Letter) => {
      waiting.push(letter);
      next = String(BigInt(letter.position ?? 0) + 1n);
    };
    const stop = follow(
      "MessagingService_TailMessages",
      () => ({ query: { "filter.pattern": pattern, "filter.startPosition": next } }),
      { take, opened: () => setError(null), lost: setError },
    );
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [pattern, running]);
  return (
    <>
      <form
        className={classes.bar}
        onSubmit={(event) => {
          event.preventDefault();
          setLetters([]);
          setUrl({ pattern: text.trim() === ">" ? undefined : text.trim() || undefined });
        }}
      >
        <TextInput
          label="Topics"
          description="* for any one word, > at the end for any more"
          classNames={{ input: "mono" }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Follow
        </Button>
        <Button
          variant="default"
          leftSection={running ? <IconPlayerPause size={14} /> : <IconPlayerPlay size={14} />}
          onClick={() => setRunning(!running)}
        >
          {running ? "Pause" : "Resume"}
        </Button>
        <Badge tone={running && error === null ? "good" : "plain"} dot>
          {running ? (error === null ? "Live" : "Reconnecting") : "Paused"}
        </Badge>
      </form>
      {error !== null && letters.length === 0 ? (
        <ErrorState error={error} />
      ) : (
        <MessageTable list={listing(letters)} teach="Messages appear here as they are published." />
      )}
    </>
  );
}

// What the services say as it happens. One stream a topic, however many parts of the page listen, and only while somebody
// looks: a browser opens few connections to one server, and those of all its tabs count.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { follow } from "./follow";
import { keyOf, useMay } from "./hooks";

/** Rows of an entity were written, changed or deleted. */
const ROWS = "tessera.warehouse.v1.RecordsChanged";
/** A burst of messages is one. */
const BURST = 1_000;

interface Line {
  heard: Set<() => void>;
  stop: () => void;
}
const lines = new Map<string, Line>();

/** Calls `heard` after each message of a topic, until the answer is called. */
export function listen(topic: string, heard: () => void): () => void {
  const line = lines.get(topic) ?? open(topic);
  lines.set(topic, line);
  line.heard.add(heard);
  return () => {
    line.heard.delete(heard);
    if (line.heard.size > 0) return;
    lines.delete(topic);
    line.stop();
  };
}

function open(topic: string): Line {
  const heard = new Set<() => void>();
  const tell = () => {
    for (const one of heard) one();
  };
  const stop = follow(
    "MessagingService_TailMessages",
    () => ({ query: { "filter.pattern": topic } }),
    // What was said while it was broken was not heard.
    { take: tell, opened: (again) => again && tell() },
  );
  return { heard, stop };
}

/** `act` at once, then at most once in `every` milliseconds, the last call always followed by one. */
export function atMost(every: number, act: () => void): { call: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const call = () => {
    if (timer) {
      again = true;
      return;
    }
    act();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) {
        again = false;
        call();
      }
    }, every);
  };
  return { call, stop: () => clearTimeout(timer) };
}

/** Has the values of metrics asked for again as soon as rows change, where the caller may listen. */
export function useLiveFigures() {
  const client = useQueryClient();
  const allowed = useMay()("MessagingService_TailMessages");
  useEffect(() => {
    if (!allowed) return;
    const again = atMost(
      BURST,
      () => void client.invalidateQueries({ queryKey: keyOf("CalculationService_Calculate") }),
    );
    const stop = listen(ROWS, again.call);
    return () => {
      stop();
      again.stop();
    };
  }, [allowed, client]);
}

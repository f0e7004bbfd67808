// The place of a chart that one has chosen: its values, the way to how they came about, and its note.
import { Button, CloseButton, TextInput } from "@mantine/core";
import { useState } from "react";
import type { ChartProps, Note } from "./chart";
import classes from "./chart.module.css";
import { formatValue } from "./value";

interface Props extends Pick<ChartProps, "axis" | "series" | "format" | "unit" | "onNote" | "onExplain"> {
  at: number;
  note?: Note;
  close: () => void;
}

export function Picked({ axis, series, format, unit, at, note, onNote, onExplain, close }: Props) {
  const [writing, setWriting] = useState(false);
  const [text, setText] = useState(note?.text ?? "");
  const name = axis[at] ?? "";
  const keep = (next: string) => {
    onNote?.({ at: name, text: next });
    setWriting(false);
  };
  return (
    <section className={classes.picked} aria-label={`Chosen: ${name}`}>
      <strong>{name}</strong>
      <span className="num">
        {series
          .map((one) => {
            const value = formatValue(one.values[at], format, unit);
            return series.length > 1 ? `${one.name} ${value}` : value;
          })
          .join(" · ")}
      </span>
      {writing ? (
        <form
          className={classes.note}
          onSubmit={(event) => {
            event.preventDefault();
            keep(text.trim());
          }}
        >
          <TextInput
            size="xs"
            style={{ flex: 1 }}
            maxLength={200}
            autoFocus
            aria-label={`Note at ${name}`}
            placeholder="What happened here? Kept in this browser"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Button type="submit">Keep</Button>
        </form>
      ) : (
        <>
          {note ? <span className="dim truncate">{note.text}</span> : null}
          <span className={classes.space} />
          {onExplain ? (
            <Button variant="default" onClick={() => onExplain(at)}>
              Explain {name}
            </Button>
          ) : null}
          {onNote ? (
            <Button variant="default" onClick={() => setWriting(true)}>
              {note ? "Change the note" : "Add a note"}
            </Button>
          ) : null}
          {onNote && note ? (
            <Button variant="default" onClick={() => keep("")}>
              Remove the note
            </Button>
          ) : null}
        </>
      )}
      <CloseButton size="sm" aria-label="Choose no period" onClick={close} />
    </section>
  );
}

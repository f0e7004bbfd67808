// How an answer came about: formula, figures, definitions with versions, what was read with which statement, how long.
import { Button, Collapse } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Message } from "@/api/contract";
import { Badge, Time } from "../badges";
import { formatValue } from "../chart/value";
import { Facts, Section } from "../detail";
import { count, formatDay, formatDuration } from "../format";
import { Formula } from "../formula/field";
import { FormulaTree } from "../formula/tree";
import { exactWords } from "./exact";
import classes from "./explain.module.css";
import { inNumbers } from "./numbers";

type Explanation = Message<"tessera.calculation.v1.Explanation">;

function Source({ source }: { source: Message<"tessera.calculation.v1.SourceUse"> }) {
  const [open, setOpen] = useState(false);
  const statements = source.statements ?? [];
  return (
    <li className={classes.source}>
      <div className={classes.line}>
        <strong>{source.entity}</strong>
        <span className="dim">
          {source.service} · {source.source}
        </span>
        <span className="num">{count(Number(source.rows ?? 0), "row")} passed</span>
        <span className="dim num">version {source.dataVersion ?? "0"} of its rows</span>
        <span className="dim num">in {formatDuration(source.duration)}</span>
        {statements.length > 0 ? (
          <Button variant="subtle" size="compact-xs" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide SQL" : "Show SQL"}
          </Button>
        ) : null}
      </div>
      <ul className={classes.measures}>
        {(source.measures ?? []).map((measure) => (
          <li key={measure} className="mono">
            {measure}
          </li>
        ))}
      </ul>
      {(source.rowFilters ?? []).length > 0 ? (
        <p>
          Only rows that you may see: <code className="mono">{source.rowFilters?.join(" and ")}</code>
        </p>
      ) : null}
      {(source.snapshots ?? []).map((pair) => (
        <p key={`${pair.start} ${pair.end}`} className="dim">
          The snapshot of {formatDay(pair.start) || "no day"} beside that of {formatDay(pair.end) || "no day"}
          {pair.start && pair.start === pair.end ? ": the same one, so nothing is compared" : ""}
        </p>
      ))}
      <Collapse expanded={open}>
        {statements.map((one) => (
          <div key={one.sql}>
            <pre className={classes.sql}>{one.sql}</pre>
            {(one.parameters ?? []).length > 0 ? (
              <p className="dim mono">
                {one.parameters?.map((parameter, index) => `$${index + 1} = ${parameter}`).join("   ")}
              </p>
            ) : null}
          </div>
        ))}
      </Collapse>
    </li>
  );
}

export function Explain({
  explanation,
  value,
  format,
  unit,
  homes,
}: {
  explanation: Explanation;
  /** How the metric's values are shown. */
  format?: string;
  unit?: string;
  value?: Message<"tessera.calculation.v1.Value">;
  homes: (kind: string, code: string) => string | undefined;
}) {
  const exact = exactWords(value);
  const shown = value?.number === undefined ? (value?.text ?? "no value") : formatValue(value.number, format, unit);
  const numbers = explanation.tree ? inNumbers(explanation.tree) : undefined;
  return (
    <div className={classes.explain}>
      <Section title="The value">
        <p className={classes.value}>
          <span className="num">{shown}</span> {exact ? <Badge tone={exact.tone}>{exact.word}</Badge> : null}
        </p>
        {numbers ? (
          <p className={classes.numbers}>
            <span className="unseen">In numbers: </span>= {numbers}
          </p>
        ) : null}
        {value?.text && value.text !== shown ? (
          <p className={classes.digits}>
            {value.fraction ? `${value.fraction} = ` : ""}
            {value.text}
            {value.fraction ? "…" : ""}
          </p>
        ) : null}
      </Section>
      <Section title="The formula">
        <Formula text={explanation.formula ?? ""} />
        {(explanation.measures ?? []).length > 0 ? (
          <ul className={classes.figures}>
            {explanation.measures?.map((one) => (
              <li key={one.measure}>
                <span className="mono">{one.measure}</span> <strong className="num">{one.value?.text ?? "–"}</strong>
              </li>
            ))}
          </ul>
        ) : null}
        {explanation.tree ? (
          <FormulaTree root={explanation.tree} label="The formula with its values" homes={homes} height={300} />
        ) : null}
      </Section>
      <Section title="What was read">
        <ul className={classes.sources}>
          {(explanation.sources ?? []).map((source) => (
            <Source key={`${source.entity} ${source.source}`} source={source} />
          ))}
        </ul>
      </Section>
      <Section title="What it rests on">
        <ul className={classes.figures}>
          {(explanation.definitions ?? []).map((one) => {
            const to = homes(one.kind ?? "", one.code ?? "");
            return (
              <li key={`${one.kind} ${one.code}`}>
                {to ? (
                  <Link className="link" to={to}>
                    {one.name || one.code}
                  </Link>
                ) : (
                  one.name || one.code
                )}{" "}
                <span className="dim">
                  {one.kind}, version {one.version}
                </span>
              </li>
            );
          })}
        </ul>
        <Facts
          rows={[
            [
              "Answered by",
              [explanation.route?.domain, explanation.route?.module, explanation.route?.handler]
                .filter(Boolean)
                .join(" / "),
            ],
            ["Calendar", explanation.calendar],
            ["Read", <Time key="t" value={explanation.asOfTime} exact />],
            [
              "Took",
              (explanation.timings ?? []).map((one) => `${one.part} ${formatDuration(one.duration)}`).join(" · "),
            ],
            ["Plan", explanation.planCached ? "from the cache" : "made for this question"],
          ]}
        />
      </Section>
    </div>
  );
}

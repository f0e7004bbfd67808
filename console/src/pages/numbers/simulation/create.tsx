// A new run: which world, when, and what is different in it.
import { Button, NumberInput, Radio, Select, Switch, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call, newRequestId } from "@/api/client";
import type { Message } from "@/api/contract";
import { type ApiError, asApiError } from "@/api/errors";
import { useCall } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { Section } from "@/kit/detail";
import { words } from "@/kit/format";
import { Page } from "@/kit/page";
import { ErrorState, PageSkeleton, RequestId } from "@/kit/states";
import { useUrlState } from "@/kit/url";
import classes from "./simulation.module.css";

type Scenario = Message<"tessera.simulation.v1.Scenario">;
type Parameter = Message<"tessera.simulation.v1.Parameter">;

const HOME = "/numbers/simulation";

const ORDER: ("label" | "input" | "description" | "error")[] = ["label", "input", "description", "error"];

function ParameterField({
  of,
  value,
  set,
  error,
}: {
  of: Parameter;
  value: string;
  set: (next: string) => void;
  error?: string;
}) {
  const common = {
    label: words(of.name?.toUpperCase()) || of.name,
    description: of.description,
    error,
    placeholder: of.defaultValue,
    // What is asked stands under its field, so that the fields of a row are in line.
    inputWrapperOrder: ORDER,
  };
  if (of.allowedValues?.length)
    return (
      <Select
        {...common}
        data={of.allowedValues}
        value={value || null}
        onChange={(next) => set(next ?? "")}
        clearable
      />
    );
  if (of.type === "integer" || of.type === "decimal") {
    return (
      <NumberInput
        {...common}
        allowDecimal={of.type === "decimal"}
        min={of.minValue ? Number(of.minValue) : undefined}
        max={of.maxValue ? Number(of.maxValue) : undefined}
        value={value}
        onChange={(next) => set(String(next))}
      />
    );
  }
  return (
    <TextInput
      {...common}
      type={of.type === "date" ? "date" : undefined}
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
}

export function Create() {
  const navigate = useNavigate();
  const query = useCall("SimulationService_ListScenarios", { query: { pageSize: 100 } });
  const scenarios: Scenario[] = query.data?.scenarios ?? [];
  const [code, setCode] = useUrlState("scenario");
  const scenario = scenarios.find((one) => one.code === code) ?? scenarios[0];
  const [parameters, setParameters] = useState<Record<string, string>>({});
  const [span, setSpan] = useState({ startDate: "", endDate: "" });
  const [seed, setSeed] = useState<string | number>("");
  const [define, setDefine] = useState(true);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [requestId, setRequestId] = useState(newRequestId);
  if (query.isPending) return <PageSkeleton />;
  if (query.error || !scenario) {
    return (
      <Page title="New run" above={{ title: "Simulation", to: HOME }}>
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      </Page>
    );
  }
  const wrong = (field: string) =>
    error?.violations
      .filter((one) => one.field === field || one.field === `run.${field}`)
      .map((one) => one.description)
      .join("; ") || undefined;
  const named = new Set(["startDate", "endDate", "start_date", "end_date", "seed"]);
  const start = async () => {
    setBusy(true);
    setError(null);
    try {
      const given = Object.fromEntries(
        Object.entries(parameters).filter(
          ([name, value]) => value !== "" && scenario.parameters?.some((one) => one.name === name),
        ),
      );
      const run = await call("SimulationService_CreateRun", {
        body: {
          run: {
            scenario: scenario.code,
            parameters: given,
            seed: String(seed || 0),
            startDate: span.startDate || undefined,
            endDate: span.endDate || undefined,
          },
          define,
          requestId,
        },
      });
      toast({ title: `${scenario.name} has started` });
      await navigate({ to: `${HOME}/${run.id}` });
    } catch (cause) {
      setError(asApiError(cause));
      setRequestId(newRequestId());
    } finally {
      setBusy(false);
    }
  };
  const general = error?.violations.every(
    (one) => !named.has(one.field.replace(/^run\./, "")) && !one.field.includes("parameters"),
  )
    ? error
    : null;
  return (
    <Page
      title="New run"
      above={{ title: "Simulation", to: HOME }}
      purpose="Choose a world. Everything else may stay as it is."
    >
      <form
        className={classes.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <Radio.Group label="Scenario" value={scenario.code ?? ""} onChange={setCode}>
          <div className={classes.choices}>
            {scenarios.map((one) => (
              <Radio.Card key={one.code} value={one.code ?? ""} className={classes.choice} aria-label={one.name}>
                <Radio.Indicator />
                <span>
                  <strong>{one.name}</strong>
                  <span className={classes.about}>{one.description}</span>
                  <span className={classes.about}>Metrics: {one.metrics?.join(", ")}</span>
                </span>
              </Radio.Card>
            ))}
          </div>
        </Radio.Group>
        <Section title="When">
          <div className={classes.fields}>
            <TextInput
              type="date"
              label="First day"
              inputWrapperOrder={ORDER}
              description="Empty: the scenario's own"
              value={span.startDate}
              error={wrong("startDate") ?? wrong("start_date")}
              onChange={(event) => setSpan({ ...span, startDate: event.currentTarget.value })}
            />
            <TextInput
              type="date"
              label="Last day"
              inputWrapperOrder={ORDER}
              description="Included"
              value={span.endDate}
              error={wrong("endDate") ?? wrong("end_date")}
              onChange={(event) => setSpan({ ...span, endDate: event.currentTarget.value })}
            />
            <NumberInput
              label="Seed"
              inputWrapperOrder={ORDER}
              description="The same seed gives the same rows"
              allowDecimal={false}
              min={0}
              value={seed}
              error={wrong("seed")}
              onChange={setSeed}
            />
          </div>
        </Section>
        {scenario.parameters?.length ? (
          <Section title="What is different">
            <div className={classes.fields}>
              {scenario.parameters.map((one) => (
                <ParameterField
                  key={`${scenario.code} ${one.name}`}
                  of={one}
                  value={parameters[one.name ?? ""] ?? ""}
                  set={(next) => setParameters({ ...parameters, [one.name ?? ""]: next })}
                  error={
                    error?.violations
                      .filter(
                        (violation) =>
                          violation.field.includes("parameters") && violation.field.includes(one.name ?? ""),
                      )
                      .map((violation) => violation.description)
                      .join("; ") || undefined
                  }
                />
              ))}
            </div>
          </Section>
        ) : null}
        <Switch
          label="Define its entities and metrics first"
          description="They are added to the ontology where they are not there yet; nothing that differs is overwritten."
          checked={define}
          onChange={(event) => setDefine(event.currentTarget.checked)}
        />
        {general ? (
          <div role="alert" style={{ color: "var(--bad)" }}>
            <strong>{general.message.replace(/^./, (c) => c.toUpperCase())}.</strong>{" "}
            {general.violations.map((one) => one.description).join("; ") || general.advice}
            <RequestId id={general.requestId} />
          </div>
        ) : null}
        <div className={classes.bar}>
          <Button type="submit" loading={busy}>
            Start the run
          </Button>
          <Button variant="default" onClick={() => void navigate({ to: HOME })}>
            Cancel
          </Button>
        </div>
      </form>
    </Page>
  );
}

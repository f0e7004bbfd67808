// Publishing a metric: over which of the latest periods, and by what it is grouped.
import { Button, Group, Modal, MultiSelect, NumberInput, Select } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, newRequestId } from "@/api/client";
import type { Message } from "@/api/contract";
import { asApiError } from "@/api/errors";
import { toast } from "@/app/toasts";
import { type Grain, grains, noFiner } from "@/kit/chart/range";
import { RequestId } from "@/kit/states";

type Metric = Message<"tessera.metadata.v1.Metric">;

export function Publish({ metric, close }: { metric: Metric; close: () => void }) {
  const client = useQueryClient();
  const choices = grains.filter(({ value }) => noFiner(value, metric.grain) === value);
  const [grain, setGrain] = useState<Grain>(noFiner("GRAIN_MONTH", metric.grain));
  const [periods, setPeriods] = useState(1);
  const [groups, setGroups] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // One name for one opening of the dialog: pressed twice, it is published once.
  const [requestId] = useState(newRequestId);
  const dimensions = [...new Set((metric.dimensions ?? []).map((one) => one.attribute ?? ""))];
  const given = error === null ? null : asApiError(error);
  const publish = async () => {
    setBusy(true);
    setError(null);
    try {
      const made = await call("CalculationService_CreatePublication", {
        body: {
          publication: {
            question: {
              metric: metric.code,
              grain,
              dimensions: groups.length > 0 ? groups : undefined,
              timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
            },
            lastPeriods: periods,
          },
          requestId: `${requestId} ${grain} ${periods} ${groups.join(" ")}`.slice(0, 100),
        },
      });
      toast({
        title: `${metric.name} is published`,
        undo: async () => {
          await call("CalculationService_DeletePublication", { path: { id: made.id ?? "" } });
          await client.invalidateQueries({ queryKey: ["calculation"] });
        },
      });
      close();
      await client.invalidateQueries({ queryKey: ["calculation"] });
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={`Publish ${metric.name}`} size={440}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void publish();
        }}
      >
        <p className="dim">
          It is calculated now, over all rows. The values stay as they are told, and go to all who listen.
        </p>
        <Group grow align="flex-end" my="md">
          <NumberInput
            label="The latest"
            min={1}
            max={1000}
            allowDecimal={false}
            value={periods}
            onChange={(next) => setPeriods(Math.max(1, Number(next) || 1))}
          />
          <Select
            label="Full periods"
            allowDeselect={false}
            data={choices}
            value={grain}
            onChange={(next) => setGrain((next as Grain | null) ?? grain)}
          />
        </Group>
        {dimensions.length > 0 ? (
          <MultiSelect label="Group by" clearable data={dimensions} value={groups} onChange={setGroups} mb="md" />
        ) : null}
        {given ? (
          <div role="alert" style={{ color: "var(--bad)", marginTop: 12 }}>
            {given.message}. {given.advice}
            <RequestId id={given.requestId} />
          </div>
        ) : null}
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Publish
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

// What a metric is at a glance, beside the list.
import { ActionIcon, Button, Group, Skeleton } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useCall } from "@/api/hooks";
import { StateBadge } from "@/kit/badges";
import { Facts } from "@/kit/detail";
import { words } from "@/kit/format";
import { Formula } from "@/kit/formula/field";
import { useCart } from "@/kit/meaning/cart";
import { moduleWords } from "@/kit/meaning/columns";
import { ErrorState } from "@/kit/states";
import { CartToggle } from "./cart-toggle";
import classes from "./metrics.module.css";
import { Values } from "./values";

export function Preview({ id, close }: { id: string; close: () => void }) {
  const query = useCall("MetadataService_GetMetric", { path: { id } }, { keep: true });
  const cart = useCart();
  const metric = query.data;
  return (
    <section className={classes.preview} aria-label="Preview">
      {query.error ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : !metric ? (
        <Skeleton height={200} />
      ) : (
        <>
          <div className={classes.previewHead}>
            <h2 className={classes.previewTitle}>{metric.name}</h2>
            <StateBadge state={metric.state} />
            <ActionIcon aria-label="Close the preview" size={24} onClick={close}>
              <IconX size={14} />
            </ActionIcon>
          </div>
          <p className="dim">{metric.description || "No description yet."}</p>
          <Values metric={metric} height={150} plain />
          {metric.formula ? <Formula text={metric.formula} /> : null}
          <div style={{ height: 14 }} />
          <Facts
            rows={[
              ["Type", words(metric.type)],
              ["Module", moduleWords(metric.module)],
              ["Unit", metric.unit],
              ["Owner", metric.owner],
              ["Better is", words(metric.direction)],
            ]}
          />
          <Group gap="xs" mt="md">
            <Button component={Link} to={`/meaning/metrics/${id}`}>
              Open
            </Button>
            <CartToggle code={metric.code ?? ""} name={metric.name ?? ""} cart={cart} />
          </Group>
        </>
      )}
    </section>
  );
}

// The step of the guide that offers relationships: the entities whose key the new one has among its attributes.
import { Checkbox, Select, TextInput } from "@mantine/core";
import { useMemo } from "react";
import type { Message } from "@/api/contract";
import { choices, codeOf } from "@/kit/format";
import { likely, type Shape, wholeOf } from "@/kit/meaning/relate";
import { EmptyState } from "@/kit/states";
import classes from "./guide.module.css";

type Entity = Message<"tessera.metadata.v1.Entity">;
type Relationship = Message<"tessera.metadata.v1.Relationship">;
type Offer = ReturnType<typeof likely>[number];

/** What was decided of an offer; an offer that nobody has touched holds. */
export interface Chosen {
  on?: boolean;
  name?: string;
  cardinality?: Relationship["cardinality"];
}

const cardinalities = choices("tessera.metadata.v1.Cardinality");

export function useOffers(entity: Entity, shapes: Map<string, Shape>): Offer[] {
  const text = JSON.stringify((entity.attributes ?? []).map((one) => [one.code ?? "", one.primaryKey === true]));
  return useMemo(() => {
    const attributes = (JSON.parse(text) as [string, boolean][]).map(([code, key]) => ({ code, key }));
    return likely(attributes, shapes, entity.code).slice(0, 20);
  }, [text, shapes, entity.code]);
}

export function relationshipOf(entity: Entity, offer: Offer, chosen: Chosen | undefined): Relationship {
  return {
    code: codeOf(`${entity.code} ${offer.to}`),
    name: chosen?.name ?? "belongs to",
    from: { entity: entity.code, attribute: offer.attribute },
    to: { entity: offer.to, attribute: offer.attribute },
    cardinality: chosen?.cardinality ?? offer.cardinality,
    module: entity.module,
  };
}

/** The shape of what is being defined, which is in no graph yet. */
export function withNew(entity: Entity, shapes: Map<string, Shape>): Map<string, Shape> {
  const attributes = entity.attributes ?? [];
  const shape = {
    code: entity.code ?? "",
    attributes: attributes.map((one) => one.code ?? ""),
    key: attributes.filter((one) => one.primaryKey).map((one) => one.code ?? ""),
  };
  return new Map([...shapes, [shape.code, shape]]);
}

interface Props {
  entity: Entity;
  offers: Offer[];
  shapes: Map<string, Shape>;
  chosen: Record<string, Chosen>;
  choose: (next: Record<string, Chosen>) => void;
}

export function Relations({ entity, offers, shapes, chosen, choose }: Props) {
  const every = withNew(entity, shapes);
  if (offers.length === 0) {
    return (
      <EmptyState title="Nothing belongs together yet">
        None of its attributes is the key of another entity. Go on; relationships can be drawn in the diagram of
        entities at any time.
      </EmptyState>
    );
  }
  return (
    <ul className={classes.offers} aria-label="Relationships that are offered">
      {offers.map((offer) => {
        const held = chosen[offer.to] ?? {};
        const on = held.on ?? true;
        const write = (next: Chosen) => choose({ ...chosen, [offer.to]: { ...held, ...next } });
        const one = relationshipOf(entity, offer, held);
        return (
          <li key={offer.to} className={classes.offer}>
            <Checkbox
              label={`${entity.name || entity.code} and ${offer.to}, by ${offer.attribute}`}
              checked={on}
              onChange={(event) => write({ on: event.currentTarget.checked })}
            />
            {on ? (
              <div className={classes.fields}>
                <TextInput
                  size="xs"
                  label={`Name of its relationship to ${offer.to}`}
                  value={one.name}
                  error={one.name ? undefined : "Is needed"}
                  onChange={(event) => write({ name: event.currentTarget.value })}
                />
                <Select
                  size="xs"
                  label="How many to how many"
                  allowDeselect={false}
                  data={cardinalities}
                  value={one.cardinality ?? null}
                  onChange={(next) => write({ cardinality: (next ?? undefined) as Chosen["cardinality"] })}
                />
                <span className="dim">{wholeOf(one, every) ? "Composition: part of it" : "Association"}</span>
              </div>
            ) : null}
          </li>
        );
      })}
    </ul>
  );
}

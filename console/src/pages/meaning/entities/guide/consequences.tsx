// The last step of the guide: what will be there, and what follows from it.
import type { Message } from "@/api/contract";
import { Facts } from "@/kit/detail";
import { count, words } from "@/kit/format";
import { moduleWords } from "@/kit/meaning/columns";
import { type Shape, wholeOf } from "@/kit/meaning/relate";
import classes from "./guide.module.css";
import { withNew } from "./relations";

type Entity = Message<"tessera.metadata.v1.Entity">;
type Relationship = Message<"tessera.metadata.v1.Relationship">;

export function Consequences({
  entity,
  relations,
  shapes,
}: {
  entity: Entity;
  relations: Relationship[];
  shapes: Map<string, Shape>;
}) {
  const attributes = entity.attributes ?? [];
  const every = withNew(entity, shapes);
  const mono = (text: string) => <span className="mono">{text}</span>;
  const key = attributes.filter((one) => one.primaryKey).map((one) => one.code);
  return (
    <div className={classes.summary}>
      <Facts
        title="What is created"
        rows={[
          ["Entity", `${entity.name}`],
          ["Code", mono(entity.code ?? "")],
          ["Rows are", words(entity.kind)],
          ["Attributes", `${attributes.length}: ${attributes.map((one) => one.code).join(", ")}`],
          ["Key", key.length > 0 ? mono(key.join(", ")) : "none: every row is its own"],
          ["Filed under", moduleWords(entity.module)],
          ["Owner", entity.owner],
          ["State", words(entity.state) || "Active"],
          ...relations.map((one): [string, React.ReactNode] => [
            wholeOf(one, every) ? "Composition" : "Association",
            `${entity.name} ${one.name} ${one.to?.entity} (${words(one.cardinality).toLowerCase()})`,
          ]),
        ]}
      />
      <section>
        <h3 className={classes.heading}>What follows</h3>
        <ul className={classes.list}>
          <li>Everyone who may read definitions finds it in lists, diagrams and the palette at once.</li>
          <li>
            Its code, {mono(entity.code ?? "")}, is what formulas and interfaces call it; it cannot be changed later.
            All else can, and every change is in its history.
          </li>
          <li>
            A table with {count(attributes.length, "column")} is made for it within moments
            {key.length > 0 ? ", in which a key is there once," : ""} and follows every change of its definition.
          </li>
          {relations.length > 0 ? (
            <li>
              Metrics over it can be grouped and filtered by the attributes of{" "}
              {relations.map((one) => one.to?.entity).join(", ")}.
            </li>
          ) : null}
          <li>It can be deleted as long as nothing else refers to it, and brought back.</li>
        </ul>
      </section>
    </div>
  );
}

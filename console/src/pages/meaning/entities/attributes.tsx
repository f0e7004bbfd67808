// The editor of attributes: a row each, moved by hand or by keyboard, with the details of one below it.

import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import {
  arrayMove,
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { ActionIcon, Button, Checkbox, Select, TextInput, Tooltip } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconGripVertical, IconPlus, IconTrash } from "@tabler/icons-react";
import { useRef, useState } from "react";
import type { Message } from "@/api/contract";
import type { Violation } from "@/api/errors";
import { Form, type Value } from "@/kit/form/form";
import { choices } from "@/kit/format";
import classes from "./attributes.module.css";

type Attribute = Message<"tessera.metadata.v1.Attribute">;

const types = choices("tessera.metadata.v1.DataType");

interface Props {
  value: Value;
  set: (next: Value) => void;
  violations: Violation[];
}

export function Attributes({ value, set, violations }: Props) {
  const rows = (value.attributes as Attribute[] | undefined) ?? [];
  // Rows have no name of their own while they are written: each keeps a number for as long as it is on the page.
  const keys = useRef<number[]>([]);
  while (keys.current.length < rows.length) keys.current.push((keys.current.at(-1) ?? 0) + rows.length + 1);
  keys.current.length = rows.length;
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const write = (next: Attribute[]) => set({ ...value, attributes: next });
  const ids = keys.current.map(String);
  const general = violations.filter((one) => one.field === "attributes");

  function onDragEnd({ active, over }: DragEndEvent) {
    if (!over || active.id === over.id) return;
    const [from, to] = [ids.indexOf(String(active.id)), ids.indexOf(String(over.id))];
    keys.current = arrayMove(keys.current, from, to);
    write(arrayMove(rows, from, to));
  }
  return (
    <div className={classes.editor}>
      {general.map((one) => (
        <p key={one.description} role="alert" className={classes.error}>
          {one.description}
        </p>
      ))}
      <div className={classes.head} aria-hidden>
        <span />
        <span>Code</span>
        <span>Name</span>
        <span>Type</span>
        <span>Unit</span>
        <span>Key</span>
        <span>Time</span>
        <span>Optional</span>
        <span />
      </div>
      <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={onDragEnd}>
        <SortableContext items={ids} strategy={verticalListSortingStrategy}>
          <ul className={classes.rows} aria-label="Attributes">
            {rows.map((row, index) => (
              <Row
                key={ids[index]}
                id={ids[index] ?? ""}
                row={row}
                index={index}
                violations={violations
                  .filter((one) => one.field.startsWith(`attributes[${index}]`))
                  .map((one) => ({ ...one, field: one.field.slice(`attributes[${index}].`.length) }))}
                set={(next) => write(rows.map((one, at) => (at === index ? next : one)))}
                remove={() => {
                  keys.current = keys.current.filter((_, at) => at !== index);
                  write(rows.filter((_, at) => at !== index));
                }}
              />
            ))}
          </ul>
        </SortableContext>
      </DndContext>
      <Button
        variant="subtle"
        leftSection={<IconPlus size={14} />}
        onClick={() => write([...rows, { code: "", type: "DATA_TYPE_STRING" }])}
      >
        Add attribute
      </Button>
    </div>
  );
}

interface RowProps {
  id: string;
  row: Attribute;
  index: number;
  violations: Violation[];
  set: (next: Attribute) => void;
  remove: () => void;
}

function Row({ id, row, index, violations, set, remove }: RowProps) {
  const [open, setOpen] = useState(false);
  const sortable = useSortable({ id });
  const called = row.code || `attribute ${index + 1}`;
  const wrong = (field: string) =>
    violations
      .filter((one) => one.field === field)
      .map((one) => one.description)
      .join("; ") || undefined;
  const text = (field: "code" | "name" | "unit", label: string, mono = false) => (
    <TextInput
      size="xs"
      aria-label={`${label} of ${called}`}
      classNames={mono ? { input: "mono" } : undefined}
      value={row[field] ?? ""}
      error={wrong(field)}
      onChange={(event) => set({ ...row, [field]: event.currentTarget.value || undefined })}
    />
  );
  const tick = (field: "primaryKey" | "timeAttribute" | "nullable", label: string) => (
    <Checkbox
      aria-label={`${label}: ${called}`}
      checked={row[field] === true}
      onChange={(event) => set({ ...row, [field]: event.currentTarget.checked || undefined })}
    />
  );
  return (
    <li
      ref={sortable.setNodeRef}
      className={classes.item}
      style={{
        transform: CSS.Translate.toString(sortable.transform),
        transition: sortable.transition,
        opacity: sortable.isDragging ? 0.6 : undefined,
      }}
    >
      <div className={classes.row}>
        <ActionIcon
          aria-label={`Move ${called}`}
          size={24}
          className={classes.grip}
          {...sortable.attributes}
          {...sortable.listeners}
        >
          <IconGripVertical size={14} />
        </ActionIcon>
        {text("code", "Code", true)}
        {text("name", "Name")}
        <Select
          size="xs"
          aria-label={`Type of ${called}`}
          data={types}
          allowDeselect={false}
          value={row.type ?? null}
          error={wrong("type")}
          onChange={(next) => set({ ...row, type: (next ?? undefined) as Attribute["type"] })}
        />
        {text("unit", "Unit")}
        {tick("primaryKey", "Part of the key")}
        {tick("timeAttribute", "Says when")}
        {tick("nullable", "May be missing")}
        <span className={classes.end}>
          <Tooltip label={open ? "Less" : "Description, allowed values and more"}>
            <ActionIcon aria-label={`More of ${called}`} aria-expanded={open} size={24} onClick={() => setOpen(!open)}>
              {open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
            </ActionIcon>
          </Tooltip>
          <ActionIcon aria-label={`Remove ${called}`} size={24} onClick={remove}>
            <IconTrash size={14} />
          </ActionIcon>
        </span>
      </div>
      {open ? (
        <div className={classes.more}>
          <Form
            of="tessera.metadata.v1.Attribute"
            fields={[
              "description",
              ...(row.type === "DATA_TYPE_DECIMAL" ? ["precision", "scale"] : []),
              ...(row.type === "DATA_TYPE_STRING" ? ["allowedValues"] : []),
              "sensitive",
            ]}
            value={row as Value}
            set={(next) => set(next as Attribute)}
            violations={violations}
          />
        </div>
      ) : null}
    </li>
  );
}

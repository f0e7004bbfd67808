// Filters as chips: each one in the address, each one with a way out.
import { Button, Checkbox, Menu, Popover, TextInput } from "@mantine/core";
import { IconFilter, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useUrl } from "../url";
import classes from "./filters.module.css";

/** One thing a list can be narrowed by. */
export interface Filter {
  /** Its name in the address. */
  name: string;
  title: string;
  /** The choices; without them any text can be given. */
  choices?: { value: string; label: string }[];
  /** Whether more than one choice can hold; they stand in the address with commas between. */
  many?: boolean;
}

function wordsOf(filter: Filter, value: string): string {
  if (!filter.choices) return value;
  return value
    .split(",")
    .map((one) => filter.choices?.find((choice) => choice.value === one)?.label ?? one)
    .join(", ");
}

function Editor({ filter, value, set }: { filter: Filter; value: string; set: (next: string) => void }) {
  const [text, setText] = useState(value);
  if (!filter.choices) {
    return (
      <form
        onSubmit={(event) => {
          event.preventDefault();
          set(text.trim());
        }}
      >
        <TextInput
          data-autofocus
          aria-label={filter.title}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </form>
    );
  }
  const on = value === "" ? [] : value.split(",");
  return (
    <div className={classes.choices} role="group" aria-label={filter.title}>
      {filter.choices.map((choice) => (
        <Checkbox
          key={choice.value}
          label={choice.label}
          radius={filter.many ? undefined : "xl"}
          checked={on.includes(choice.value)}
          onChange={(event) => {
            const checked = event.currentTarget.checked;
            if (!filter.many) set(checked ? choice.value : "");
            else set((checked ? [...on, choice.value] : on.filter((one) => one !== choice.value)).join(","));
          }}
        />
      ))}
      {filter.choices.length === 0 ? <span className="dim">There is nothing to choose from.</span> : null}
    </div>
  );
}

/** The chips, and the button that adds one. */
export function Filters({ filters }: { filters: Filter[] }) {
  const [url, setUrl] = useUrl();
  const [open, setOpen] = useState<string | null>(null);
  const active = filters.filter((filter) => url[filter.name] || open === filter.name);
  const rest = filters.filter((filter) => !active.includes(filter));
  if (filters.length === 0) return null;
  return (
    <>
      {active.map((filter) => {
        const value = url[filter.name] ?? "";
        const set = (next: string) => setUrl({ [filter.name]: next || undefined });
        return (
          <Popover
            key={filter.name}
            opened={open === filter.name}
            onChange={(now) => setOpen(now ? filter.name : null)}
            position="bottom-start"
            shadow="md"
            trapFocus
            returnFocus
          >
            <Popover.Target>
              <span className={classes.chip}>
                <button
                  type="button"
                  className={classes.chipWords}
                  onClick={() => setOpen(open === filter.name ? null : filter.name)}
                >
                  <span className="dim">{filter.title}</span> {value ? wordsOf(filter, value) : "…"}
                </button>
                <button
                  type="button"
                  className={classes.chipEnd}
                  aria-label={`Remove the filter ${filter.title}`}
                  onClick={() => {
                    setOpen(null);
                    set("");
                  }}
                >
                  <IconX size={12} aria-hidden />
                </button>
              </span>
            </Popover.Target>
            <Popover.Dropdown>
              <Editor
                filter={filter}
                value={value}
                set={(next) => {
                  set(next);
                  if (!filter.many) setOpen(null);
                }}
              />
            </Popover.Dropdown>
          </Popover>
        );
      })}
      {rest.length > 0 ? (
        <Menu position="bottom-start">
          <Menu.Target>
            <Button variant="subtle" color="gray" leftSection={<IconFilter size={14} />}>
              Filter
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((filter) => (
              <Menu.Item key={filter.name} onClick={() => setTimeout(() => setOpen(filter.name), 0)}>
                {filter.title}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </>
  );
}

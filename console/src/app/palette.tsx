// The palette: pages, definitions of the business, and actions, found as one types.
import "./components-rest";
import { Kbd, Modal, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type Icon, IconBolt, IconChartLine, IconFileText, IconTable } from "@tabler/icons-react";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useCall, useMay } from "@/api/hooks";
import { signOut } from "@/api/session";
import { definitionOf, homeOf } from "@/kit/definition";
import { pages } from "./pages";
import classes from "./palette.module.css";
import { setDensity, useDensity } from "./preferences";

interface Entry {
  id: string;
  group: string;
  title: string;
  detail?: string;
  icon: Icon;
  /** Where it leads. */
  to?: string;
  run: () => void;
}

/** How well words fit an entry: 0 is not at all; beginnings of words count most. */
export function score(words: string, title: string, more = ""): number {
  const asked = words.toLowerCase().split(/\s+/).filter(Boolean);
  const [in_title, in_more] = [title.toLowerCase(), more.toLowerCase()];
  let sum = 1;
  for (const word of asked) {
    if (in_title.startsWith(word)) sum += 8;
    else if (in_title.includes(` ${word}`)) sum += 5;
    else if (in_title.includes(word)) sum += 3;
    else if (in_more.includes(word)) sum += 1;
    else return 0;
  }
  return sum;
}

function useEntries(words: string, close: () => void): { entries: Entry[]; searching: boolean } {
  const may = useMay();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const density = useDensity();
  const [text] = useDebouncedValue(words.trim(), 120);
  const found = useCall(
    "MetadataService_ListDefinitions",
    { query: { "filter.text": text, pageSize: 12 } },
    { enabled: text.length > 1 && may("MetadataService_ListDefinitions"), keep: true },
  );
  const go = (to: string) => ({
    to,
    run: () => {
      close();
      void navigate({ to });
    },
  });
  const act = (run: () => void) => () => {
    close();
    run();
  };
  const fixed: (Entry & { score: number })[] = [
    ...pages
      .filter((page) => page.needs === null || may(page.needs))
      .map((page) => ({
        id: `page ${page.path}`,
        group: "Pages",
        title: page.title,
        detail: page.wing === "home" ? undefined : page.wing,
        icon: page.icon,
        ...go(page.path),
        score: score(words, page.title, `${page.wing} ${page.words ?? ""}`),
      })),
    ...pages
      .filter((page) => page.create && may(page.create))
      .map((page) => {
        const title = `New in ${page.title}`;
        return {
          id: `new ${page.path}`,
          group: "Actions",
          title,
          icon: IconBolt,
          ...go(`${page.path}/new`),
          score: score(words, title, `create add ${page.words ?? ""}`),
        };
      }),
    ...(
      [
        [
          `Switch to ${colorScheme === "dark" ? "light" : "dark"} colours`,
          () => setColorScheme(colorScheme === "dark" ? "light" : "dark"),
        ],
        [
          `Switch to ${density === "dense" ? "comfortable" : "dense"} rows`,
          () => setDensity(density === "dense" ? "comfortable" : "dense"),
        ],
        ["Sign out", () => void signOut()],
      ] as const
    ).map(([title, run]) => ({
      id: title,
      group: "Actions",
      title,
      icon: IconBolt,
      run: act(run),
      score: score(words, title, "theme density appearance"),
    })),
  ];
  const shown: Entry[] = fixed
    .filter((entry) => entry.score > 0)
    .sort((a, b) => (a.group === b.group ? b.score - a.score : 0));
  const definitions: Entry[] =
    text.length > 1
      ? (found.data?.definitions ?? [])
          .flatMap((one) => {
            const definition = definitionOf(one);
            const to = definition && homeOf(definition.kind, definition.id);
            if (!definition || !to) return [];
            return [
              {
                id: `definition ${definition.id}`,
                group: "Definitions",
                title: definition.name,
                detail: `${definition.kind} · ${definition.code}`,
                icon:
                  definition.kind === "metric"
                    ? IconChartLine
                    : definition.kind === "entity"
                      ? IconTable
                      : IconFileText,
                ...go(to),
              },
            ];
          })
          .sort((a, b) => score(text, b.title, b.detail) - score(text, a.title, a.detail))
      : [];
  const order = ["Pages", "Definitions", "Actions"];
  const entries = [...shown, ...definitions].sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
  return { entries, searching: found.isFetching };
}

export default function Palette({ close }: { close: () => void }) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const { entries, searching } = useEntries(words, close);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const chosen = entries[Math.min(at, entries.length - 1)];

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  });

  // The code of what Enter would open comes while one still looks at it.
  const router = useRouter();
  const to = chosen?.to;
  useEffect(() => {
    if (!to) return;
    const timer = setTimeout(() => void router.preloadRoute({ to }), 60);
    return () => clearTimeout(timer);
  }, [to, router]);

  function onKey(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((now) => (Math.min(now, entries.length - 1) + step + entries.length) % Math.max(entries.length, 1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      chosen?.run();
    }
  }
  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      padding={0}
      size={560}
      yOffset="12vh"
      centered={false}
      aria-label="Find anything"
      transitionProps={{ duration: 80 }}
    >
      <input
        className={classes.input}
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={chosen ? `${id}-${chosen.id}`.replaceAll(" ", "-") : undefined}
        aria-label="Find pages, definitions and actions"
        placeholder="Find pages, definitions and actions"
        data-autofocus
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div className={classes.list} role="listbox" id={`${id}-list`} aria-label="Found" ref={list}>
        {entries.map((entry, index) => (
          <div key={entry.id}>
            {entries[index - 1]?.group === entry.group ? null : (
              <div className={classes.group} role="presentation">
                {entry.group}
              </div>
            )}
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the input above has the keys */}
            <div
              role="option"
              id={`${id}-${entry.id}`.replaceAll(" ", "-")}
              aria-selected={entry === chosen}
              tabIndex={-1}
              className={classes.entry}
              onMouseMove={() => setAt(index)}
              onClick={entry.run}
            >
              <entry.icon size={16} stroke={1.6} aria-hidden />
              <span className="truncate">{entry.title}</span>
              {entry.detail ? <span className={classes.detail}>{entry.detail}</span> : null}
            </div>
          </div>
        ))}
      </div>
      {entries.length === 0 ? (
        <p className={classes.none} role="status">
          {searching ? "Searching…" : "Nothing fits. Try fewer letters, or a code such as retention_rate."}
        </p>
      ) : null}
      <div className={classes.keys} aria-hidden>
        <Kbd size="xs">↑</Kbd> <Kbd size="xs">↓</Kbd> to choose <Kbd size="xs">Enter</Kbd> to open{" "}
        <Kbd size="xs">Esc</Kbd> to close
      </div>
    </Modal>
  );
}

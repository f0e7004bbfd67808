// The rail: the tenant, the way to find things, the wings and their pages, who one is.
import { Kbd, Menu, SegmentedControl, Tooltip, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconChevronDown, IconLogout, IconSearch } from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useMay, useMe } from "@/api/hooks";
import { signOut } from "@/api/session";
import { useConnection } from "./connection";
import { pages, wings } from "./pages";
import { type Density, setDensity, useDensity } from "./preferences";
import classes from "./rail.module.css";

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function Rail({ openPalette }: { openPalette: () => void }) {
  const me = useMe().data;
  const may = useMay();
  const { pathname } = useLocation();
  const seen = pages.filter((page) => page.needs === null || may(page.needs));
  const list = useRef<HTMLDivElement>(null);
  // On a low screen the rail scrolls: where one is stays in sight. Not by `scrollIntoView`: Tab would go on from there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page, or knowing which there are, is what moves it
  useEffect(() => {
    const [box, here] = [list.current, list.current?.querySelector("[aria-current]")];
    if (!box || !here) return;
    const [frame, one] = [box.getBoundingClientRect(), here.getBoundingClientRect()];
    if (one.top < frame.top) box.scrollTop -= frame.top - one.top;
    else if (one.bottom > frame.bottom) box.scrollTop += one.bottom - frame.bottom;
  }, [pathname, me]);
  return (
    <nav className={classes.rail} aria-label="Pages">
      <div className={classes.head}>
        <img src="/icon.svg" alt="" width={22} height={22} />
        <div className={classes.name}>
          <strong>Tessera</strong>
          <span className="dim truncate">{me?.tenantSlug ?? " "}</span>
        </div>
      </div>
      <UnstyledButton className={classes.find} onClick={openPalette}>
        <IconSearch size={14} aria-hidden />
        <span>Find anything</span>
        <Kbd size="xs">{isMac ? "⌘" : "Ctrl"} K</Kbd>
      </UnstyledButton>
      <div ref={list} className={classes.pages}>
        {wings.map((wing) => {
          const own = seen.filter((page) => page.wing === wing.id);
          if (own.length === 0) return null;
          return (
            <section key={wing.id} aria-label={wing.title || "Start"}>
              {wing.title ? <h2 className={classes.wing}>{wing.title}</h2> : null}
              {own.map((page) => {
                const here = page.path === "/" ? pathname === "/" : `${pathname}/`.startsWith(`${page.path}/`);
                return (
                  <Link
                    key={page.path}
                    to={page.path}
                    className={classes.page}
                    aria-current={here ? "page" : undefined}
                  >
                    <page.icon size={16} stroke={1.6} aria-hidden />
                    <span className="truncate">{page.title}</span>
                  </Link>
                );
              })}
            </section>
          );
        })}
      </div>
      <Live />
      <User />
    </nav>
  );
}

function Live() {
  const { state, waiting } = useConnection();
  const words = {
    live: ["Connected", "The server answers and is ready."],
    degraded: ["Not all is ready", waiting.join(" · ")],
    lost: ["Reconnecting…", "The server does not answer. The console looks for it and goes on by itself."],
  }[state];
  return (
    <Tooltip label={words[1]} multiline maw={300} position="top-start">
      <div className={classes.live} data-state={state} role="status" aria-live="polite">
        <span className={classes.dot} aria-hidden />
        {words[0]}
      </div>
    </Tooltip>
  );
}

function User() {
  const me = useMe().data;
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const density = useDensity();
  return (
    <Menu position="top-start" width={236}>
      <Menu.Target>
        <UnstyledButton className={classes.user} aria-label={`Account: ${me?.name ?? ""}`}>
          <span className={classes.initial} aria-hidden>
            {(me?.name ?? "?").slice(0, 1).toUpperCase()}
          </span>
          <span className={classes.who}>
            <span className="truncate">{me?.name ?? ""}</span>
            <span className="dim truncate">{me?.roles?.join(", ") ?? ""}</span>
          </span>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Colours</Menu.Label>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="Colours"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as "auto" | "light" | "dark")}
          data={[
            { value: "auto", label: "System" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
        />
        <Menu.Label>Density</Menu.Label>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="Density"
          value={density}
          onChange={(value) => setDensity(value as Density)}
          data={[
            { value: "dense", label: "Dense" },
            { value: "comfortable", label: "Comfortable" },
          ]}
        />
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={14} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

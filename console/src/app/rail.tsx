// The rail: the tenant, the way to find things, the wings and their pages, who one is.
import { Kbd, UnstyledButton } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useMay, useMe } from "@/api/hooks";
import { useConnection } from "./connection";
import { Face } from "./face";
import { pages, wings } from "./pages";
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
    <div className={classes.live} data-state={state} role="status" aria-live="polite" title={words[1]}>
      <span className={classes.dot} aria-hidden />
      {words[0]}
    </div>
  );
}

const loadAccount = () => import("./account");
const Account = lazy(loadAccount);

/** The menu behind it comes when one points at it, or gets there by keyboard: it is no part of a first load. */
function User() {
  const [wanted, setWanted] = useState(false);
  const fetch = () => void loadAccount();
  const face = <Face aria-haspopup="menu" onPointerEnter={fetch} onFocus={fetch} onClick={() => setWanted(true)} />;
  return wanted ? (
    <Suspense fallback={face}>
      <Account />
    </Suspense>
  ) : (
    face
  );
}

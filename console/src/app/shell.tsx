// The frame around every page: rail, skip link, focus, palette.
import { ActionIcon } from "@mantine/core";
import { useHotkeys, useMediaQuery } from "@mantine/hooks";
import { IconMenu2, IconSearch } from "@tabler/icons-react";
import { Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { formatClock } from "@/kit/format";
import { useConnection } from "./connection";
import { pages } from "./pages";
import { Rail } from "./rail";
import classes from "./shell.module.css";

const Palette = lazy(() => import("./palette"));
const RailDrawer = lazy(() => import("./drawer"));

/** How long the server may be silent before the page says that it is of before. */
const GRACE = 2_000;

/** Says of what one sees that it is from before, as long as the server does not answer. */
function Stale() {
  const { state, answered } = useConnection();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (state !== "lost") {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), GRACE);
    return () => clearTimeout(timer);
  }, [state]);
  return shown ? (
    <p className={classes.stale} role="status">
      The server does not answer. What you see is of {formatClock(answered)}; it is brought up to date as soon as the
      server is back.
    </p>
  ) : null;
}

export function Shell() {
  const [palette, setPalette] = useState(false);
  const [rail, setRail] = useState(false);
  const narrow = useMediaQuery("(max-width: 860px)", window.innerWidth <= 860, { getInitialValueInEffect: false });
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useHotkeys([["mod+K", () => setPalette((open) => !open)]], []);

  // A new page takes the focus, so that the keyboard and a screen reader go on from its beginning.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what says that the page is another
  useEffect(() => {
    setRail(false);
    if (first.current) first.current = false;
    else main.current?.focus();
  }, [pathname]);

  const openPalette = () => setPalette(true);
  const title = pages.find((page) => page.path !== "/" && pathname.startsWith(page.path))?.title ?? "Home";
  return (
    <div className={classes.frame} data-narrow={narrow || undefined}>
      <a className={classes.skip} href="#main">
        Skip to the page
      </a>
      {narrow ? (
        <section className={classes.bar} aria-label="Menu and search">
          <ActionIcon aria-label="Open the menu" onClick={() => setRail(true)}>
            <IconMenu2 size={18} />
          </ActionIcon>
          <span className={classes.barTitle}>{title}</span>
          <ActionIcon aria-label="Find anything" onClick={openPalette}>
            <IconSearch size={17} />
          </ActionIcon>
        </section>
      ) : (
        <Rail openPalette={openPalette} />
      )}
      {narrow ? (
        <Suspense fallback={null}>
          <RailDrawer opened={rail} close={() => setRail(false)} openPalette={openPalette} />
        </Suspense>
      ) : null}
      <div className={classes.page}>
        <Stale />
        <main id="main" ref={main} tabIndex={-1} className={classes.main}>
          <Outlet />
        </main>
      </div>
      {palette ? (
        <Suspense fallback={null}>
          <Palette close={() => setPalette(false)} />
        </Suspense>
      ) : null}
    </div>
  );
}

// The routes, made from the list of pages: `<path>`, `<path>/new` and `<path>/$id` for each.
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
  type RouteComponent,
} from "@tanstack/react-router";
import type { ComponentType, ReactNode } from "react";
import { useMay, useMe } from "@/api/hooks";
import { Page } from "@/kit/page";
import { ErrorState, NoPermission, NotFound, PageSkeleton } from "@/kit/states";
import { type Page as PageLine, pages } from "./pages";
import { Shell } from "./shell";

function Gate({ page, needs, Part }: { page: PageLine; needs: PageLine["needs"]; Part: ComponentType }) {
  const me = useMe();
  const may = useMay();
  if (me.isPending) return <PageSkeleton />;
  if (me.error) {
    return (
      <Page title={page.title}>
        <ErrorState error={me.error} retry={() => void me.refetch()} />
      </Page>
    );
  }
  if (needs && !may(needs)) {
    return <NoPermission what={page.title} needs={needs} verb={needs === page.create ? "create" : "see"} />;
  }
  return <Part />;
}

function part(page: PageLine, name: "List" | "Detail" | "Create", needs: PageLine["needs"]): RouteComponent {
  const lazy = lazyRouteComponent<{ default: () => ReactNode }>(async () => {
    const found = await page.load();
    return { default: (found[name] ?? NotFound) as () => ReactNode };
  });
  const Guarded = () => <Gate page={page} needs={needs} Part={lazy as ComponentType} />;
  // The router loads a page's code as soon as someone points at a link to it.
  Guarded.preload = lazy.preload;
  return Guarded;
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const routes = pages.flatMap((page) => {
  const at = (path: string, component: RouteComponent) => createRoute({ getParentRoute: () => root, path, component });
  const made = [at(page.path, part(page, "List", page.needs))];
  if (page.path === "/") return made;
  made.push(at(`${page.path}/$id`, part(page, "Detail", page.needs)));
  if (page.create) made.push(at(`${page.path}/new`, part(page, "Create", page.create)));
  return made;
});

/** Search as plain text: what stands in the address is what a person would type. */
function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}
function stringifySearch(search: Record<string, unknown>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== "") given.set(name, String(value));
  }
  const text = given.toString();
  return text ? `?${text}` : "";
}

function Broken({ error, reset }: ErrorComponentProps) {
  return <ErrorState error={error} retry={reset} />;
}

export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultPreloadDelay: 40,
  defaultPendingComponent: PageSkeleton,
  defaultPendingMs: 150,
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

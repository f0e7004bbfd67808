// What is known of a page to be tried, and ways to get to one.
import { api, world } from "../world";

export interface Case {
  name: string;
  path: () => Promise<string>;
  /** The heading of the page when all is well. */
  title: RegExp;
  /** What the edge is asked for; without it nothing can fail or be missing. */
  asks?: string;
  /** Whether everyone who is signed in may see it. */
  open?: true;
  /** The heading of it with nothing in it; `answer` is the edge's empty answer to `asks` where the page is not empty by itself. */
  empty?: { says: RegExp; answer?: object };
  /** A page of ten thousand, as the edge would answer it, and how the page counts them. */
  many?: {
    /** A row of it. */
    row: (number: number) => object;
    /** The field of the answer that holds them; without it `row` makes the whole answer. */
    field?: string;
    says: string | RegExp;
    /** The label of the table, where the page has more than one. */
    grid?: string;
    /** Whether the count is there at once, without scrolling to the end. */
    atOnce?: true;
  };
}

export const TOTAL = 10_000;
export const fixed = (path: string) => async () => path;
const ask = (path: string) => api(world().edge, world().admin)("GET", path);
export const first =
  (list: string, field: string, home: string, tab = "", key = "id") =>
  async () => {
    const one = ((await ask(list))[field] as Record<string, string>[])[0];
    return `${home}/${one?.[key]}${tab}`;
  };
export const byCode =
  (kind: string, code: string, tab = "") =>
  async () => {
    const one = await ask(`/api/v1/metadata/${kind}/by-code/${code}`);
    return `/meaning/${kind}/${one.id as string}${tab}`;
  };
export const uuid = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`;
export const time = "2026-01-31T12:00:00Z";

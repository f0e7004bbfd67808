// Every page, how to get to it, and what it asks the edge for: what can be slow, fail, be empty, or be very much.
import { type Case, TOTAL } from "./cases/case";
import { data } from "./cases/data";
import { meaning } from "./cases/meaning";
import { platform } from "./cases/platform";
import { work } from "./cases/work";

export const cases: Case[] = [...meaning, ...data, ...work, ...platform];

/** Answers a list's pages of a case with ten thousand rows: five thousand each, so that the table is tried and not the way. */
export function manyAnswer(one: NonNullable<Case["many"]>, url: URL): object {
  if (!one.field) return one.row(0);
  const begin = Number(url.searchParams.get("pageToken") ?? 0);
  const end = Math.min(TOTAL, begin + 5000);
  const rows = Array.from({ length: end - begin }, (_, index) => one.row(begin + index));
  return { [one.field]: rows, nextPageToken: end < TOTAL ? String(end) : "", totalSize: String(TOTAL) };
}

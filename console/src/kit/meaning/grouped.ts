// Definitions by the module they are filed under, in the order in which the value chains name them.
import type { Message } from "@/api/contract";

interface Filed {
  module?: Message<"tessera.metadata.v1.ModuleRef">;
}

export interface Group<T> {
  /** `<value chain>.<module>`, as the address has it; empty for what is filed under nothing. */
  key: string;
  title: string;
  rows: T[];
}

/** The groups that have something in them; what is filed under nothing comes last. */
export function grouped<T extends Filed>(rows: T[], chains: Message<"tessera.metadata.v1.ValueChain">[]): Group<T>[] {
  const named: [string, string][] = chains.flatMap((chain) => [
    [chain.code ?? "", chain.name || (chain.code ?? "")] as [string, string],
    ...(chain.modules ?? []).map(
      (one) =>
        [`${chain.code}.${one.code}`, `${chain.name || chain.code} / ${one.name || one.code}`] as [string, string],
    ),
  ]);
  const titles = new Map(named);
  const order = new Map(named.map(([key], index) => [key, index]));
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const { valueChain = "", module = "" } = row.module ?? {};
    const key = module ? `${valueChain}.${module}` : valueChain;
    const held = found.get(key);
    if (held) held.push(row);
    else found.set(key, [row]);
  }
  const place = (key: string) => (key === "" ? Number.POSITIVE_INFINITY : (order.get(key) ?? Number.MAX_SAFE_INTEGER));
  return [...found]
    .map(([key, held]) => ({ key, title: key === "" ? "In no module" : (titles.get(key) ?? key), rows: held }))
    .sort((a, b) => (place(a.key) === place(b.key) ? a.title.localeCompare(b.title) : place(a.key) - place(b.key)));
}

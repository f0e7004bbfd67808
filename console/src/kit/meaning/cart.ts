// The cart: metrics a person has chosen, kept for them in this browser.
import { useMe } from "@/api/hooks";
import { kept, useStore } from "@/app/store";

const carts = kept<Record<string, string[]>>("tessera.carts", {});

/** The codes in the caller's cart, and how to change them. */
export function useCart() {
  const who = useMe().data?.principalId ?? "";
  const codes = useStore(carts)[who] ?? [];
  const write = (next: string[]) => carts.set((all) => ({ ...all, [who]: next }));
  return {
    codes,
    has: (code: string) => codes.includes(code),
    add: (...more: string[]) => write([...new Set([...codes, ...more])]),
    remove: (...less: string[]) => write(codes.filter((code) => !less.includes(code))),
    clear: () => write([]),
  };
}

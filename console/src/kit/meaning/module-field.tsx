// The choice of a value chain and a module of it.
import { Select } from "@mantine/core";
import { useCall } from "@/api/hooks";
import type { FieldProps } from "../form/form";

export function ModuleField({ label, help, value, set, violations, disabled }: FieldProps) {
  const chains =
    useCall("MetadataService_ListValueChains", { query: { pageSize: 500 } }, { staleTime: 30_000 }).data?.valueChains ??
    [];
  const held = (value ?? {}) as { valueChain?: string; module?: string };
  const at = held.valueChain ? (held.module ? `${held.valueChain}.${held.module}` : held.valueChain) : null;
  return (
    <Select
      label={label}
      description={help}
      searchable
      clearable
      disabled={disabled}
      error={violations.map((one) => one.description).join("; ") || undefined}
      nothingFoundMessage="No such module"
      value={at}
      onChange={(next) => {
        const [valueChain, module] = (next ?? "").split(".");
        set(valueChain ? { valueChain, ...(module ? { module } : {}) } : undefined);
      }}
      data={chains.map((chain) => ({
        group: chain.name ?? "",
        items: [
          { value: chain.code ?? "", label: `${chain.name} as a whole` },
          ...(chain.modules ?? []).map((one) => ({
            value: `${chain.code}.${one.code}`,
            label: one.name || (one.code ?? ""),
          })),
        ],
      }))}
    />
  );
}

/** As a widget of a form. */
export const moduleField = (props: FieldProps) => <ModuleField {...props} />;

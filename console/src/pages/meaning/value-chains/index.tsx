// Value chains: how the company creates value, module by module.
import type { Message } from "@/api/contract";
import { useCall } from "@/api/hooks";
import { StateBadge } from "@/kit/badges";
import { Detail as DetailPage } from "@/kit/detail";
import { History } from "@/kit/history/history";
import { commonColumns, definitionQuery, nameColumn } from "@/kit/meaning/columns";
import { DefinitionFacts } from "@/kit/meaning/facts";
import { List as ListPage } from "@/kit/table/list";
import { type Column, Table } from "@/kit/table/table";
import { useId } from "@/kit/url";

type Chain = Message<"tessera.metadata.v1.ValueChain">;
type Module = Message<"tessera.metadata.v1.Module">;

const HOME = "/meaning/value-chains";

const columns: Column<Chain>[] = [
  nameColumn(HOME),
  { id: "industry", title: "Industry", cell: (row) => row.industry, text: (row) => row.industry },
  { id: "modules", title: "Modules", width: "90px", align: "end", cell: (row) => row.modules?.length ?? 0 },
  ...commonColumns<Chain>().filter((column) => column.id !== "module"),
];

const modules: Column<Module>[] = [
  { id: "code", title: "Code", cell: (row) => <span className="mono">{row.code}</span> },
  { id: "name", title: "Name", cell: (row) => row.name },
  { id: "capability", title: "Capability", cell: (row) => row.capability },
  { id: "about", title: "Meaning", width: "minmax(160px, 2fr)", cell: (row) => row.description },
];

export function List() {
  return (
    <ListPage
      title="Value chains"
      purpose="How the company creates value, module by module; entities and metrics are filed under them."
      op="MetadataService_ListValueChains"
      items="valueChains"
      noun={["value chain", "value chains"]}
      columns={columns}
      name={(row) => row.name ?? ""}
      to={(row) => `${HOME}/${row.id}`}
      search="Search names, codes, descriptions"
      query={definitionQuery}
      teach="A value chain is a line of business, told as the modules that a product or a case runs through."
    />
  );
}

export function Detail() {
  const id = useId();
  const query = useCall("MetadataService_GetValueChain", { path: { id } });
  const chain: Chain = query.data ?? {};
  return (
    <DetailPage
      query={query}
      title={chain.name ?? ""}
      code={chain.code}
      above={{ title: "Value chains", to: HOME }}
      purpose={chain.description}
      beside={<StateBadge state={chain.state} />}
      facts={
        <DefinitionFacts
          of={chain}
          own={[
            ["Industry", chain.industry],
            ["Made from", chain.pattern],
          ]}
        />
      }
      tabs={[
        {
          id: "modules",
          title: "Modules",
          content: (
            <Table
              label="Modules"
              rows={chain.modules ?? []}
              columns={modules}
              id={(row) => row.code ?? ""}
              name={(row) => row.code ?? ""}
              inline
            />
          ),
        },
        {
          id: "history",
          title: "History",
          content: <History id={id} etag={chain.etag ?? ""} name={chain.name ?? ""} />,
        },
      ]}
    />
  );
}

// The catalogue of metrics: the tree, the list, the preview of the one that is chosen, and the cart.
import { Button } from "@mantine/core";
import { IconShoppingCart } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Message } from "@/api/contract";
import { toast } from "@/app/toasts";
import { words } from "@/kit/format";
import { useCart } from "@/kit/meaning/cart";
import { commonColumns, definitionQuery, nameColumn, useDefinitionFilters } from "@/kit/meaning/columns";
import { Split } from "@/kit/split";
import { List as ListPage } from "@/kit/table/list";
import type { Column } from "@/kit/table/table";
import { useUrl } from "@/kit/url";
import { Preview } from "./preview";
import { Tree } from "./tree";

type Metric = Message<"tessera.metadata.v1.Metric">;

const columns: Column<Metric>[] = [
  nameColumn("/meaning/metrics"),
  { id: "type", title: "Type", width: "100px", cell: (row) => words(row.type), text: (row) => words(row.type) },
  {
    id: "unit",
    title: "Unit",
    width: "64px",
    cell: (row) => row.unit || (row.format?.includes("%") ? "%" : ""),
    text: (row) => row.unit,
  },
  ...commonColumns<Metric>().map((column) => ({ ...column, optional: column.optional || column.id === "owner" })),
  {
    id: "formula",
    title: "Formula",
    optional: true,
    width: "minmax(200px, 2fr)",
    cell: (row) => <span className="mono">{row.formula}</span>,
    text: (row) => row.formula,
  },
];

export function CartButton() {
  const { codes } = useCart();
  return (
    <Button component={Link} to="/meaning/required" variant="default" leftSection={<IconShoppingCart size={14} />}>
      Cart ({codes.length})
    </Button>
  );
}

export function List() {
  const cart = useCart();
  const [url, setUrl] = useUrl();
  const filters = useDefinitionFilters().filter((filter) => filter.name !== "in");
  return (
    <ListPage
      title="Metrics"
      purpose="The numbers the business steers by, filed by value chain and module."
      op="MetadataService_ListMetrics"
      items="metrics"
      noun={["metric", "metrics"]}
      columns={columns}
      name={(row) => row.name ?? ""}
      to={(row) => `/meaning/metrics/${row.id}`}
      onRow={(row) => setUrl({ show: row.id })}
      search="Search names, codes, descriptions"
      filters={filters}
      query={definitionQuery}
      actions={<CartButton />}
      create={{ title: "New metric", to: "/meaning/metrics/new", needs: "MetadataService_CreateMetric" }}
      bulk={[
        {
          title: "Add to cart",
          needs: "MetadataService_ListMetrics",
          run: async (rows) => {
            cart.add(...rows.map((row) => row.code ?? ""));
            toast({
              title: rows.length === 1 ? `${rows[0]?.name} is in the cart` : `${rows.length} metrics are in the cart`,
            });
          },
        },
      ]}
      teach="A metric is a formula over entities or other metrics, with a unit, a direction and thresholds."
      around={(table) => (
        <Split
          name="metrics.tree"
          label="Width of the tree"
          first={224}
          start={<Tree />}
          end={
            url.show ? (
              <Split
                name="metrics.preview"
                label="Width of the preview"
                first={320}
                least={240}
                side="end"
                start={table}
                end={<Preview id={url.show} close={() => setUrl({ show: undefined })} />}
              />
            ) : (
              table
            )
          }
        />
      )}
    />
  );
}

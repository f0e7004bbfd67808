// The tree that metrics are chosen in: by value chain and module, or by industry.
import { Skeleton, Tabs } from "@mantine/core";
import { useCall } from "@/api/hooks";
import { useUrl } from "@/kit/url";
import classes from "./metrics.module.css";

interface Branch {
  key: string;
  title: string;
  leaves: { key: string; title: string }[];
}

/** More than this is for the list beside the tree. */
const MOST = 60;

/** The metrics of the branch that is open. */
function Leaves({ of }: { of: string }) {
  const [url, setUrl] = useUrl();
  const [valueChain, module] = of.split(".");
  const metrics = useCall("MetadataService_ListMetrics", {
    query: {
      "filter.valueChain": valueChain,
      "filter.module": module || undefined,
      orderBy: "name",
      pageSize: MOST + 1,
    },
  });
  const found = metrics.data?.metrics ?? [];
  if (metrics.isPending) return <Skeleton height={16} mx="lg" my={6} />;
  if (found.length === 0) return <p className={classes.bare}>No metrics in it yet</p>;
  return (
    <ul className={classes.branches} aria-label="Metrics">
      {found.slice(0, MOST).map((metric) => (
        <li key={metric.id}>
          <button
            type="button"
            className={classes.leaf}
            data-metric
            aria-current={url.show === metric.id ? "true" : undefined}
            onClick={() => setUrl({ show: metric.id })}
          >
            {metric.name}
          </button>
        </li>
      ))}
      {found.length > MOST ? <li className={classes.bare}>and more, in the list</li> : null}
    </ul>
  );
}

export function Tree() {
  const [url, setUrl] = useUrl();
  const chains = useCall(
    "MetadataService_ListValueChains",
    { query: { pageSize: 500, orderBy: "name" } },
    { staleTime: 60_000 },
  );
  const by = url.by === "industry" ? "industry" : "chain";
  const found = chains.data?.valueChains ?? [];
  const modules = (chain: (typeof found)[number]) => [
    ...(chain.modules ?? []).map((one) => ({ key: `${chain.code}.${one.code}`, title: one.name || (one.code ?? "") })),
  ];
  const industries = [...new Set(found.map((chain) => chain.industry || "No industry"))].sort();
  const branches: Branch[] =
    by === "chain"
      ? found.map((chain) => ({ key: chain.code ?? "", title: chain.name ?? "", leaves: modules(chain) }))
      : industries.map((industry) => ({
          key: "",
          title: industry.replaceAll("_", " ").replace(/^./, (c) => c.toUpperCase()),
          leaves: found
            .filter((chain) => (chain.industry || "No industry") === industry)
            .flatMap((chain) => [
              { key: chain.code ?? "", title: chain.name ?? "" },
              ...modules(chain).map((one) => ({ ...one, title: `  ${one.title}` })),
            ]),
        }));
  const item = (key: string, title: string, deep: boolean) => (
    <button
      type="button"
      className={classes.leaf}
      aria-expanded={key.includes(".") ? (url.in ?? "") === key : undefined}
      data-deep={deep || undefined}
      data-deeper={title.startsWith("  ") || undefined}
      aria-current={(url.in ?? "") === key ? "true" : undefined}
      onClick={() => setUrl({ in: key || undefined })}
    >
      {title.trim()}
    </button>
  );
  return (
    <div className={classes.tree}>
      <Tabs
        value={by}
        onChange={(next) => setUrl({ by: next === "industry" ? "industry" : undefined }, { replace: true })}
      >
        <Tabs.List grow>
          <Tabs.Tab value="chain">Value chains</Tabs.Tab>
          <Tabs.Tab value="industry">Industries</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value={by}>
          {chains.isPending ? (
            <Skeleton height={120} mt="sm" />
          ) : (
            <ul className={classes.branches} aria-label={by === "chain" ? "Value chains" : "Industries"}>
              <li>{item("", "All metrics", false)}</li>
              {branches.map((branch) => (
                <li key={branch.title}>
                  {branch.key ? (
                    item(branch.key, branch.title, false)
                  ) : (
                    <span className={classes.branch}>{branch.title}</span>
                  )}
                  {branch.leaves.length > 0 ? (
                    <ul className={classes.branches}>
                      {branch.leaves.map((leaf) => (
                        <li key={leaf.key}>
                          {item(leaf.key, leaf.title, true)}
                          {url.in === leaf.key && leaf.key.includes(".") ? <Leaves of={leaf.key} /> : null}
                        </li>
                      ))}
                    </ul>
                  ) : null}
                </li>
              ))}
            </ul>
          )}
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

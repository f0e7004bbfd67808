// The cart: the metrics one has chosen, and one picture of everything they need.
import { ActionIcon, Button } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { useCall } from "@/api/hooks";
import { toast } from "@/app/toasts";
import { count } from "@/kit/format";
import { useCart } from "@/kit/meaning/cart";
import { useOntology } from "@/kit/meaning/ontology";
import { requiredBy } from "@/kit/meaning/required";
import { Page } from "@/kit/page";
import { EmptyState, ErrorState, PictureSkeleton } from "@/kit/states";
import classes from "./required.module.css";

const Canvas = lazy(() => import("@/kit/canvas/canvas"));

export function List() {
  const cart = useCart();
  const metrics = useCall("MetadataService_ListMetrics", { query: { pageSize: 1000 } }, { staleTime: 30_000 });
  const { graph, wholes, ...uml } = useOntology();
  const picture = useMemo(() => requiredBy(graph, cart.codes, wholes), [graph, cart.codes, wholes]);
  const named = cart.codes.map(
    (code) => metrics.data?.metrics?.find((one) => one.code === code) ?? { code, name: code, id: "" },
  );
  const entities = picture.boxes.filter((box) => box.kind === "Entity");
  return (
    <Page
      title="Required objects"
      purpose="Everything that the metrics in your cart need, as one picture. A box leads to its page."
      fills
      actions={
        cart.codes.length > 0 ? (
          <Button
            variant="default"
            onClick={() => {
              const held = cart.codes;
              cart.clear();
              toast({ title: "The cart is empty", undo: () => cart.add(...held) });
            }}
          >
            Empty the cart
          </Button>
        ) : null
      }
    >
      {cart.codes.length === 0 ? (
        <EmptyState
          title="The cart is empty"
          action={
            <Button component={Link} to="/meaning/metrics">
              Choose metrics
            </Button>
          }
        >
          Put metrics into the cart, and this page shows which entities and other metrics they need together.
        </EmptyState>
      ) : uml.error ? (
        <ErrorState error={uml.error} retry={() => void uml.refetch()} />
      ) : uml.isPending ? (
        <div className={classes.canvas}>
          <PictureSkeleton />
        </div>
      ) : (
        <>
          <ul className={classes.chosen} aria-label="In the cart">
            {named.map((metric) => (
              <li key={metric.code} className={classes.chip}>
                {metric.id ? (
                  <Link to={`/meaning/metrics/${metric.id}`}>{metric.name}</Link>
                ) : (
                  <span className="dim">{metric.name} (gone)</span>
                )}
                <ActionIcon
                  size={20}
                  aria-label={`Remove ${metric.name} from the cart`}
                  onClick={() => cart.remove(metric.code ?? "")}
                >
                  <IconX size={12} />
                </ActionIcon>
              </li>
            ))}
          </ul>
          <p className="dim" role="status">
            {count(cart.codes.length, "metric")} chosen · needs {count(entities.length, "entity", "entities")} and{" "}
            {count(picture.boxes.length - entities.length - named.filter((one) => one.id).length, "further metric")}
          </p>
          <div className={classes.canvas}>
            <Suspense fallback={<PictureSkeleton />}>
              <Canvas
                label="What the chosen metrics need"
                tooMuch="Take metrics out of the cart, or open one of them and its own objects."
                height="100%"
                {...picture}
              />
            </Suspense>
          </div>
        </>
      )}
    </Page>
  );
}

// Operations as queries: cached by operation and input, typed by the contract.
import {
  keepPreviousData,
  type Query,
  type QueryClient,
  queryOptions,
  type UseMutationOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { call } from "./client";
import { type Input, type Operation, type Output, route } from "./contract";
import type { ApiError } from "./errors";
import { allows } from "./permissions";
import { isSignedIn, onSession } from "./session";

/** The key of a query: service, operation, input. Invalidating `[service]` reaches all of a service. */
export function keyOf<Op extends Operation>(op: Op, input?: Input<Op>) {
  return input === undefined ? [route(op).service, op] : [route(op).service, op, input];
}

/** An operation as query options. */
export function asQuery<Op extends Operation>(op: Op, input?: Input<Op>) {
  return queryOptions<Output<Op>, ApiError>({
    queryKey: keyOf(op, input),
    queryFn: ({ signal }) => call(op, input, { signal }),
  });
}

interface Options<Op extends Operation> {
  enabled?: boolean;
  staleTime?: number;
  refetchInterval?: number | false | ((query: Query<Output<Op>, ApiError>) => number | false);
  /** Shows the answer to the input before while the next one is on its way; a function says of which inputs. */
  keep?: boolean | ((before: Input<Op>) => boolean);
}

/** Asks for an operation's answer. */
export function useCall<Op extends Operation>(op: Op, input?: Input<Op>, options: Options<Op> = {}) {
  const { keep, ...rest } = options;
  return useQuery<Output<Op>, ApiError>({
    ...asQuery(op, input),
    ...rest,
    ...(keep
      ? {
          placeholderData: (answer, query) =>
            keep === true || keep(query?.queryKey[2] as Input<Op>) ? (answer as never) : undefined,
        }
      : {}),
  });
}

/** More pages than these are not asked for again by the clock. */
const FEW = 3;

/** A list, page after page. `items` is the field of the answer that holds them. */
export function useList<Op extends Operation, Key extends keyof Output<Op> & string>(
  op: Op,
  items: Key,
  input: Input<Op>,
  options: {
    pageSize?: number;
    enabled?: boolean;
    /** Asks again every so many milliseconds, as long as it is no more than a few pages: all of them are asked for. */
    every?: number;
  } = {},
) {
  type Item = NonNullable<Output<Op>[Key]> extends readonly (infer T)[] ? T : never;
  const given = input as { query?: Record<string, unknown> };
  const query = useInfiniteQuery({
    queryKey: [...keyOf(op, input), "pages"],
    initialPageParam: "",
    enabled: options.enabled ?? true,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) <= FEW ? (options.every ?? false) : false),
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      call(
        op,
        {
          ...input,
          query: { pageSize: options.pageSize ?? 200, ...given.query, pageToken: pageParam || undefined },
        } as Input<Op>,
        { signal },
      ),
    getNextPageParam: (page) => (page as { nextPageToken?: string }).nextPageToken || undefined,
  });
  const rows = ((query.data?.pages ?? []) as Output<Op>[]).flatMap((page) => (page[items] as Item[] | undefined) ?? []);
  return { ...query, rows, error: query.error as ApiError | null };
}

/** A change; what `touches` names is asked for again when it succeeded. */
export function useChange<Op extends Operation>(
  op: Op,
  options: {
    touches?: string[];
    onSuccess?: (answer: Output<Op>, client: QueryClient) => void;
  } & Omit<UseMutationOptions<Output<Op>, ApiError, Input<Op>>, "mutationFn" | "onSuccess"> = {},
) {
  const client = useQueryClient();
  const { touches = [route(op).service], onSuccess, ...rest } = options;
  return useMutation<Output<Op>, ApiError, Input<Op>>({
    mutationFn: (input) => call(op, input),
    onSuccess: (answer) => {
      for (const service of touches) void client.invalidateQueries({ queryKey: [service] });
      onSuccess?.(answer, client);
    },
    ...rest,
  });
}

/** Whether someone is signed in. */
export function useSignedIn(): boolean {
  return useSyncExternalStore(onSession, isSignedIn);
}

/** Who is signed in, and what they may do. */
export function useMe() {
  return useCall("IdentityService_WhoAmI", undefined, { staleTime: 60_000 });
}

/** Answers whether the caller may call an operation; all no until it is known who calls. */
export function useMay(): (op: Operation) => boolean {
  const held = useMe().data?.permissions ?? [];
  return (op) => allows(held, route(op).permission);
}

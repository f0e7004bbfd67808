// The contract's types under short names: what an operation takes, what it answers, and every message.
import type { components, operations } from "./generated/contract";
import { operationTable } from "./generated/operations";

/** The name of an operation, such as `MetadataService_ListEntities`. */
export type Operation = keyof typeof operationTable & keyof operations;

/** A message of the contracts by its full name. */
export type Message<Name extends keyof components["schemas"]> = components["schemas"][Name];

type Parameters<Op extends Operation> = operations[Op]["parameters"];
type Given<T> = [T] extends [undefined] ? unknown : T;

/** What an operation is called with: path, query and body, each only where it has them. */
export type Input<Op extends Operation> = (Parameters<Op> extends { path: infer P } ? { path: P } : { path?: never }) &
  (Parameters<Op> extends { query?: infer Q } ? { query?: Given<Q> } : { query?: never }) &
  (operations[Op] extends { requestBody: { content: { "application/json": infer B } } }
    ? { body: B }
    : { body?: unknown });

type Content<Op extends Operation> = operations[Op]["responses"] extends { 200: { content: infer C } } ? C : never;

/** What an operation answers; of a stream, one message of it. */
export type Output<Op extends Operation> =
  Content<Op> extends { "application/json": infer T }
    ? T
    : Content<Op> extends { "application/x-ndjson": infer T }
      ? T
      : unknown;

/** Method, path and permission of an operation. */
export function route(op: Operation): { method: string; path: string; permission: string; service: string } {
  const [method, path, permission] = operationTable[op];
  return { method, path, permission, service: path.split("/")[3] ?? "" };
}

/** The services that have operations, by name. */
export const services: string[] = [
  ...new Set(
    Object.values(operationTable)
      .map(([, path]) => /^\/api\/v1\/([^/]+)\//.exec(path)?.[1])
      .filter((name) => name !== undefined),
  ),
].sort();

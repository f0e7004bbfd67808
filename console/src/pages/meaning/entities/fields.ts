// Which fields of an entity a form has, in which order.
export const ENTITY = "tessera.metadata.v1.Entity";
export const head = ["name", "code", "kind", "description", "module", "owner", "tags", "state"];
export const all = [...head, "attributes"];
export const labels = { name: "Name", code: "Code", module: "Value chain and module", kind: "Rows are" };

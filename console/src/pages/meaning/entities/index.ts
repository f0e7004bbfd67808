// Entities: what the business keeps records of.
export { Create } from "./create";
export { Detail } from "./detail";
export { List } from "./list";

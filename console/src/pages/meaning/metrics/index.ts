// Metrics: the numbers the business steers by.
export { Create } from "./create";
export { Detail } from "./detail";
export { List } from "./list";

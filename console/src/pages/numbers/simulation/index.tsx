// Simulation: worlds with a known truth, to try metrics in.
export { Create } from "./create";
export { Detail } from "./detail";
export { List } from "./list";

// Operations: the durable work of all services, seen and steered.
export { Detail } from "./detail";
export { List } from "./list";

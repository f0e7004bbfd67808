// Tables: where the rows of each entity are kept, and the rows themselves.
export { Detail } from "./detail";
export { List } from "./list";

// Schedules: operations that begin by the calendar.
export { Create } from "./create";
export { Detail } from "./detail";
export { List } from "./list";

// Where operations are.
export const HOME = "/work/operations";

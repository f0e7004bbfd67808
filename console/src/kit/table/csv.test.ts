import { expect, test } from "vitest";
import { csvValue, toCsv } from "./csv";

test("values are quoted where they must be", () => {
  expect(csvValue('a "b", c')).toBe('"a ""b"", c"');
  expect(csvValue("line\nbreak")).toBe('"line\nbreak"');
  expect(csvValue(undefined)).toBe("");
  expect(toCsv([["a", 1]])).toBe("a,1\r\n");
});

test("no value becomes a formula in a spreadsheet", () => {
  expect(csvValue("=1+1")).toBe("'=1+1");
  expect(csvValue("-12.5")).toBe("-12.5");
  expect(csvValue("-a")).toBe("'-a");
});

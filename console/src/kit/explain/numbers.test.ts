import { expect, test } from "vitest";
import { inNumbers } from "./numbers";

const figure = (label: string, value: number) => ({ label, kind: "measure", value: { number: value } });
const operator = (label: string, ...operands: object[]) => ({ label, kind: "operator", operands });

test("a formula in numbers", () => {
  const rate = operator("/", operator("-", figure("end", 292), figure("new", 15)), figure("start", 308));
  expect(inNumbers(rate)).toBe("(292 − 15) ÷ 308");
  const net = operator("-", { label: "1", kind: "literal" }, operator("-", figure("a", 3), figure("b", 2)));
  expect(inNumbers(net)).toBe("1 − (3 − 2)");
  expect(inNumbers(operator("+", figure("a", 1), operator("*", figure("b", 2), figure("c", 3))))).toBe("1 + 2 × 3");
  expect(inNumbers(operator("/", figure("a", 1), { label: "b", kind: "measure" }))).toBeUndefined();
  expect(inNumbers(figure("a", 1))).toBeUndefined();
});

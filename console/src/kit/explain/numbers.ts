// A formula with its figures in the place of their names: `(end - new) / start` as `(292 − 15) ÷ 308`.
import type { Message } from "@/api/contract";

type Node = Message<"tessera.calculation.v1.FormulaNode">;

const signs: Record<string, [sign: string, rank: number]> = {
  "+": ["+", 1],
  "-": ["−", 1],
  "*": ["×", 2],
  "/": ["÷", 2],
};
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });

/** Undefined where the tree is no sum, difference, product or quotient of known figures. */
export function inNumbers(tree: Node): string | undefined {
  const write = (node: Node, outer: number, right: boolean): string | undefined => {
    const operands = node.operands ?? [];
    const sign = node.kind === "operator" ? signs[node.label ?? ""] : undefined;
    if (sign && operands.length === 2 && operands[0] && operands[1]) {
      const [first, second] = [write(operands[0], sign[1], false), write(operands[1], sign[1], true)];
      if (first === undefined || second === undefined) return undefined;
      const text = `${first} ${sign[0]} ${second}`;
      // a − (b − c) and a ÷ (b × c) keep their brackets.
      return sign[1] < outer || (right && sign[1] === outer) ? `(${text})` : text;
    }
    if (typeof node.value?.number === "number") return number.format(node.value.number);
    if (node.kind === "literal" && operands.length === 0) return node.label;
    return undefined;
  };
  return (tree.operands ?? []).length > 0 ? write(tree, 0, false) : undefined;
}

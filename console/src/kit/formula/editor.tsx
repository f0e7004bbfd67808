// The editor of formulas: colours, completion from what there is, and errors where they are.
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  closeBrackets,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder as placeholderOf } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import classes from "./formula.module.css";
import type { Problem, Vocabulary } from "./vocabulary";

const WORDS = new Set([
  "where",
  "and",
  "or",
  "not",
  "in",
  "between",
  "is",
  "null",
  "if",
  "then",
  "else",
  "case",
  "when",
  "like",
  "true",
  "false",
  "as",
]);

const language = StreamLanguage.define<unknown>({
  name: "formula",
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^--.*/)) return "comment";
    if (stream.match(/^'(?:[^']|'')*'?/)) return "string";
    if (stream.match(/^\d+(?:\.\d+)?/)) return "number";
    if (stream.match(/^[A-Za-z_][A-Za-z0-9_]*/)) {
      const word = stream.current().toLowerCase();
      if (WORDS.has(word)) return "keyword";
      if (stream.match(/^\s*\(/, false)) return "function";
      return "variable";
    }
    stream.next();
    return "operator";
  },
  tokenTable: { function: tags.function(tags.variableName) },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent-ink)", fontWeight: "600" },
  { tag: tags.function(tags.variableName), color: "var(--info)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: tags.number, color: "var(--warn)" },
  { tag: tags.comment, color: "var(--ink-dim)" },
]);

/** What can stand at the cursor. */
function complete(context: CompletionContext, vocabulary: Vocabulary) {
  const attribute = context.matchBefore(/[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z0-9_]*/);
  if (attribute) {
    const [entity = ""] = attribute.text.split(".");
    const found = vocabulary.entities.find((one) => one.code === entity);
    if (!found) return null;
    return {
      from: attribute.from + entity.length + 1,
      options: found.attributes.map((one) => ({ label: one.code, detail: one.detail, type: "property" })),
    };
  }
  const word = context.matchBefore(/[A-Za-z_][A-Za-z0-9_]*/);
  if (!word && !context.explicit) return null;
  const options: Completion[] = [
    ...vocabulary.functions.map((one) => ({
      label: one.name,
      detail: one.signature,
      info: one.description,
      type: "function",
      apply: `${one.name}(`,
    })),
    ...vocabulary.entities.map((one) => ({
      label: one.code,
      detail: `entity · ${one.name}`,
      type: "class",
      boost: -1,
    })),
    ...vocabulary.metrics.map((one) => ({ label: one.code, detail: `metric · ${one.name}`, type: "variable" })),
    ...["where", "and", "or", "not", "in", "between", "is null", "if", "case"].map((label) => ({
      label,
      type: "keyword",
      boost: -2,
    })),
  ];
  return { from: word?.from ?? context.pos, options };
}

/** Problems as places in the text. */
export function toDiagnostics(text: string, problems: Problem[]): Diagnostic[] {
  const lines = text.split("\n");
  return problems.map((problem) => {
    const line = Math.max(1, Math.min(problem.line, lines.length));
    const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const from = Math.min(before + Math.max(0, problem.column - 1), text.length);
    const length = problem.length ?? /^[A-Za-z0-9_.]+/.exec(text.slice(from))?.[0].length ?? 1;
    return { from, to: Math.min(from + Math.max(1, length), text.length), severity: "error", message: problem.message };
  });
}

export interface FormulaProps {
  label: string;
  value: string;
  set?: (next: string) => void;
  vocabulary: Vocabulary;
  problems?: Problem[];
  placeholder?: string;
  invalid?: boolean;
}

export default function FormulaEditor({
  label,
  value,
  set,
  vocabulary,
  problems = [],
  placeholder = "",
  invalid,
}: FormulaProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef({ set, vocabulary });
  latest.current = { set, vocabulary };
  const about = useRef(new Compartment());
  const first = useRef({ value, label, placeholder, editable: Boolean(set) });

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const given = first.current;
    const made = new EditorView({
      parent: element,
      state: EditorState.create({
        doc: given.value,
        extensions: [
          history(),
          language,
          syntaxHighlighting(colours),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ override: [(context) => complete(context, latest.current.vocabulary)], icons: false }),
          // Tab leaves the editor, as it leaves every field.
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.editable.of(given.editable),
          EditorState.readOnly.of(!given.editable),
          placeholderOf(given.placeholder),
          about.current.of(
            EditorView.contentAttributes.of({
              "aria-label": given.label,
              tabindex: "0",
              role: "textbox",
              "aria-multiline": "true",
            }),
          ),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.set?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  // What comes from outside is written into the editor, unless it is what it has.
  useEffect(() => {
    const now = view.current;
    if (now && now.state.doc.toString() !== value)
      now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: value } });
  }, [value]);

  // Nothing wrong, as before: the editor is left alone, for somebody may be typing.
  const marked = useRef(0);
  useEffect(() => {
    const now = view.current;
    if (!now || (problems.length === 0 && marked.current === 0)) return;
    marked.current = problems.length;
    now.dispatch(setDiagnostics(now.state, toDiagnostics(now.state.doc.toString(), problems)));
  }, [problems]);

  return (
    <div ref={box} className={classes.editor} data-invalid={invalid || undefined} data-fixed={set ? undefined : true} />
  );
}

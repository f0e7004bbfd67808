// JSON text as people read it.
import { Section } from "@/kit/detail";
import classes from "./operations.module.css";

/** The text with line breaks; what is no JSON stays as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function Json({ title, text }: { title: string; text: string | undefined }) {
  if (!text) return null;
  return (
    <Section title={title}>
      <section className={classes.json} tabIndex={0} aria-label={`${title} as JSON`}>
        <pre>{pretty(text)}</pre>
      </section>
    </Section>
  );
}

// What the caller may do, as patterns over `<service>.<resource>.<verb>`: the rules of crates/auth.

function matches(pattern: string[], segments: string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return segments.length === 0;
  if (segments.length === 0) return false;
  if (head === "*") {
    // A star stands for one or more whole segments.
    for (let taken = 1; taken <= segments.length; taken += 1) {
      if (matches(rest, segments.slice(taken))) return true;
    }
    return false;
  }
  return head === segments[0] && matches(rest, segments.slice(1));
}

/** Whether one of the patterns allows a permission; the empty permission is everyone's. */
export function allows(patterns: readonly string[], permission: string): boolean {
  if (permission === "") return true;
  const segments = permission.split(".");
  return patterns.some((pattern) => pattern === permission || matches(pattern.split("."), segments));
}

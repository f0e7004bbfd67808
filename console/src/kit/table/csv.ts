// Rows as CSV, as spreadsheets read it (RFC 4180), and a file made of text.

/** One value, quoted where it must be; a leading sign that a spreadsheet would run as a formula is made harmless. */
export function csvValue(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) && !/^-?\d+([.,]\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines of values. */
export function toCsv(lines: (string | number | undefined)[][]): string {
  return `${lines.map((line) => line.map(csvValue).join(",")).join("\r\n")}\r\n`;
}

/** Lets the browser save a file. */
export function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// A chart as a file. A picture comes as a data address, which the content policy lets nobody fetch: it is unpacked here.
import { save, toCsv } from "../table/csv";

/** The bytes of a data address. */
export function unpack(address: string): Blob {
  const comma = address.indexOf(",");
  const head = address.slice(5, comma);
  const body = address.slice(comma + 1);
  const type = head.split(";")[0] || "text/plain";
  if (!head.endsWith(";base64")) return new Blob([decodeURIComponent(body)], { type });
  const text = atob(body);
  return new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type });
}

/** Saves a picture, or lines of values, under a name made of the chart's label. */
export function download(label: string, kind: "png" | "svg" | "csv", content: string | Parameters<typeof toCsv>[0]) {
  const name = `${label.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.${kind}`;
  save(name, typeof content === "string" ? unpack(content) : new Blob([toCsv(content)], { type: "text/csv" }));
}

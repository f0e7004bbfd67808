"use strict";
// Text from the document reaches the page as text nodes only, never as markup.
const $ = (id) => document.getElementById(id);
const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
};
let api;
const token = $("token");
token.value = sessionStorage.getItem("token") || "";
token.addEventListener("input", () => sessionStorage.setItem("token", token.value));

const resolve = (schema) => {
  const name = schema && schema.$ref && schema.$ref.split("/").pop();
  return name ? { ...api.components.schemas[name], name } : schema || {};
};
const typeOf = (schema) => {
  if (!schema) return "any";
  if (schema.$ref) return schema.$ref.split("/").pop().split(".").pop();
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array") return "list of " + typeOf(schema.items);
  if (schema.type === "object" && schema.additionalProperties && schema.additionalProperties !== true)
    return "map to " + typeOf(schema.additionalProperties);
  return [schema.type || "any", schema.format].filter(Boolean).join(" ");
};
const LIMITS = ["minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
  "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems", "const", "readOnly", "writeOnly"];
const limitsOf = (schema) => LIMITS.filter((l) => schema && schema[l] !== undefined && schema[l] !== false)
  .map((l) => (schema[l] === true ? l : l + " " + schema[l])).join(", ");

// A body to start from: required fields and scalars, nested twice at most.
const example = (schema, depth = 0) => {
  const s = resolve(schema);
  if (s.enum) return s.enum.find((v) => !v.endsWith("_UNSPECIFIED")) || s.enum[0];
  if (s.anyOf) return example(s.anyOf[0], depth);
  if (s.type === "array") return depth > 1 ? [] : [example(s.items, depth + 1)];
  if (s.type === "object") {
    const out = {};
    for (const [name, p] of Object.entries(s.properties || {})) {
      const needed = (s.required || []).includes(name);
      if (p.readOnly || (depth > 1 && !needed)) continue;
      out[name] = example(p, depth + 1);
    }
    return out;
  }
  if (s.type === "integer" || s.type === "number") return s.minimum || 0;
  if (s.type === "boolean") return false;
  if (s.type !== "string") return null;
  if (s.format === "date-time") return new Date(0).toISOString();
  return s.format === "int64" || s.format === "uint64" ? "0" : "";
};

const schemaTable = (schema, seen = []) => {
  const s = resolve(schema);
  if (s.enum) return el("p", { class: "about" }, (s.description || "") + "\nOne of: " + s.enum.join(", "));
  if (s.type === "array") return el("div", {}, el("p", {}, "List of " + typeOf(s.items)), schemaTable(s.items, seen));
  if (!s.properties) return el("p", {}, el("code", {}, typeOf(schema)));
  const rows = Object.entries(s.properties).map(([name, p]) => {
    const nested = p.$ref || (p.items && p.items.$ref) || (p.additionalProperties && p.additionalProperties.$ref);
    const type = el("td", {}, el("code", {}, typeOf(p)));
    if (nested && !seen.includes(nested)) {
      const more = el("details", {}, el("summary", {}, "fields"));
      more.addEventListener("toggle", () => {
        if (more.open && more.children.length === 1)
          more.append(el("div", { class: "body" }, schemaTable({ $ref: nested }, [...seen, nested])));
      });
      type.append(more);
    }
    const must = (s.required || []).includes(name) ? el("span", { class: "must" }, " required") : null;
    return el("tr", {}, el("td", {}, el("code", {}, name), must), type,
      el("td", {}, p.description || "", limitsOf(p) ? el("div", {}, el("code", {}, limitsOf(p))) : null));
  });
  return el("table", {}, el("thead", {}, el("tr", {}, ...["Field", "Type", "Meaning"].map((t) => el("th", { scope: "col" }, t)))),
    el("tbody", {}, ...rows));
};

const tryForm = (method, path, operation, inputs) => {
  const body = operation.requestBody && operation.requestBody.content["application/json"];
  const form = el("form", { "aria-label": "Try " + operation.operationId });
  let text;
  if (body) {
    text = el("textarea", { spellcheck: "false" });
    text.value = JSON.stringify(example(body.schema), null, 2);
    form.append(el("label", {}, "Body", text));
  }
  const output = el("pre", { tabindex: "0", role: "status", hidden: "" });
  form.append(el("p", {}, el("button", { type: "submit" }, "Send")), output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const query = new URLSearchParams();
    let target = path;
    for (const { parameter, input } of inputs) {
      if (parameter.in === "path") target = target.replace("{" + parameter.name + "}", encodeURIComponent(input.value));
      else if (input.value !== "") for (const v of parameter.schema.type === "array" ? input.value.split(",") : [input.value]) query.append(parameter.name, v.trim());
    }
    if ([...query].length) target += "?" + query;
    const headers = { accept: "application/json" };
    if (token.value) headers.authorization = "Bearer " + token.value;
    if (text) headers["content-type"] = "application/json";
    output.hidden = false;
    output.textContent = method.toUpperCase() + " " + target + "\n…";
    const started = performance.now();
    try {
      const answer = await fetch(target, { method: method.toUpperCase(), headers, body: text ? text.value : undefined });
      let shown = await answer.text();
      try { shown = JSON.stringify(JSON.parse(shown), null, 2); } catch { /* lines of JSON, or no JSON at all */ }
      output.textContent = `${method.toUpperCase()} ${target}\n${answer.status} in ${Math.round(performance.now() - started)} ms, request ${answer.headers.get("x-request-id")}\n\n${shown}`;
    } catch (error) {
      output.textContent = String(error);
    }
  });
  return form;
};

const fill = (box, method, path, operation) => {
  const inputs = [];
  const rows = (operation.parameters || []).map((parameter) => {
    const s = resolve(parameter.schema);
    const input = s.enum || s.type === "boolean"
      ? el("select", {}, ...["", ...(s.enum || ["true", "false"])].map((v) => el("option", {}, v))) : el("input", { type: "text" });
    input.setAttribute("aria-label", parameter.name);
    inputs.push({ parameter, input });
    const must = parameter.required ? el("span", { class: "must" }, " required") : null;
    return el("tr", {}, el("td", {}, el("code", {}, parameter.name), must, el("div", {}, parameter.in)), el("td", {}, el("code", {}, typeOf(parameter.schema))),
      el("td", {}, parameter.description || "", limitsOf(s) ? el("div", {}, el("code", {}, limitsOf(s))) : null), el("td", {}, input));
  });
  box.append(el("p", { class: "about" }, operation.description || ""));
  const permission = operation["x-tessera-permission"];
  box.append(el("p", {}, permission ? "Needs " : "Public", permission ? el("code", {}, permission) : null));
  if (rows.length) box.append(el("h3", {}, "Parameters"), el("table", {}, el("thead", {}, el("tr", {},
    ...["Name", "Type", "Meaning", "Value"].map((t) => el("th", { scope: "col" }, t)))), el("tbody", {}, ...rows)));
  const body = operation.requestBody && operation.requestBody.content["application/json"];
  if (body) box.append(el("h3", {}, "Body: " + typeOf(body.schema)), schemaTable(body.schema));
  const [type, answer] = Object.entries(operation.responses["200"].content)[0];
  box.append(el("h3", {}, "Answer: " + typeOf(answer.schema)), el("p", {}, el("code", {}, type)), schemaTable(answer.schema));
  box.append(el("h3", {}, "Try it"), tryForm(method, path, operation, inputs));
};

const draw = () => {
  const list = [];
  for (const tag of api.tags) {
    const section = el("section", {}, el("h2", { id: "service-" + tag.name }, tag.name), el("p", { class: "about" }, tag.description || ""));
    const link = el("li", {}, el("a", { href: "#service-" + tag.name }, tag.name));
    const operations = [];
    for (const [path, item] of Object.entries(api.paths)) for (const [method, operation] of Object.entries(item)) {
      if (!operation.tags.includes(tag.name)) continue;
      const box = el("div", { class: "body" });
      const entry = el("details", { id: operation.operationId }, el("summary", {}, el("b", { class: "verb " + method }, method.toUpperCase()),
        el("code", {}, path), el("span", {}, operation.summary || "")), box);
      entry.addEventListener("toggle", () => { if (entry.open && !box.children.length) fill(box, method, path, operation); });
      const words = [method, path, operation.operationId, operation.description].join(" ").toLowerCase();
      operations.push({ entry, words });
      section.append(entry);
    }
    if (!operations.length) continue;
    $("operations").append(section);
    $("services").append(link);
    list.push({ section, link, operations });
  }
  const search = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { section, link, operations } of list) {
      let any = 0;
      for (const o of operations) {
        o.entry.hidden = !words.every((w) => o.words.includes(w));
        any += o.entry.hidden ? 0 : 1;
      }
      section.hidden = link.hidden = !any;
      count += any;
    }
    $("count").textContent = count === 1 ? "1 operation" : count + " operations";
  };
  $("search").addEventListener("input", search);
  search();
  const open = () => {
    const chosen = location.hash && $(decodeURIComponent(location.hash.slice(1)));
    if (chosen && chosen.tagName === "DETAILS") { chosen.open = true; chosen.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
};
addEventListener("keydown", (event) => {
  if (event.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) { event.preventDefault(); $("search").focus(); }
});
fetch("/openapi.json").then((answer) => answer.json()).then((document) => { api = document; draw(); })
  .catch((error) => { $("count").textContent = "The document could not be read: " + error; });

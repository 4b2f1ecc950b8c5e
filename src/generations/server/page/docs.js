"use strict";
// Draws /api/openapi.json: routes by group, each with a form to try it, and the schemas. All text is set as text, never as markup.

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
};

const byId = (id) => document.getElementById(id);

const typeOf = (schema) => {
  if (!schema || Object.keys(schema).length === 0) return "anything";
  if (schema.$ref) return schema.$ref.replace("#/components/schemas/", "").replace("/properties/", ".");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = schema.anyOf || schema.oneOf;
  if (options) return options.map(typeOf).join(" | ");
  const types = [].concat(schema.type || "anything");
  return types.map((type) => (type === "array" ? `list of ${typeOf(schema.items)}` : type)).join(" | ") + (schema.format ? ` (${schema.format})` : "");
};

const membersOf = (schema, before = "") => {
  const rows = [];
  for (const [name, member] of Object.entries(schema.properties || {})) {
    const path = before + name;
    const unit = member["x-unit"] ? ` Unit: ${member["x-unit"]}.` : "";
    rows.push([path, typeOf(member), (member.description || "") + unit]);
    rows.push(...membersOf(member, `${path}.`));
    if (member.items && member.items.properties) rows.push(...membersOf(member.items, `${path}[].`));
  }
  return rows;
};

const table = (heads, rows) =>
  make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell, at) =>
      make("td", {}, cell instanceof Node ? cell : at < 2 ? make("code", {}, String(cell)) : String(cell)))))));

const schemaView = (schema) => {
  const rows = membersOf(schema || {});
  return rows.length ? table(["name", "type", "meaning"], rows) : make("p", {}, make("code", {}, typeOf(schema)));
};

const requestOf = (method, path, operation, inputs, body) => {
  const query = new URLSearchParams();
  const headers = {};
  let target = path;
  for (const [parameter, input] of inputs) {
    if (input.value === "") continue;
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === "query") query.append(parameter.name, input.value);
    else headers[parameter.name] = input.value;
  }
  if (byId("key").value) headers.Authorization = `Bearer ${byId("key").value}`;
  if (byId("project").value && operation["x-scope"]) headers["Generations-Project"] = byId("project").value;
  if (body) headers["Content-Type"] = "application/json";
  const text = query.toString();
  return [target + (text ? `?${text}` : ""), { method, headers, body: body ? body.value : undefined }];
};

const shown = (text, type) => {
  if (!/json/.test(type || "") || /ndjson/.test(type)) return text;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
};

const tryIt = (method, path, operation, inputs, extra) => {
  const content = (operation.requestBody || {}).content;
  const examples = content ? Object.values(content["application/json"].examples || {}) : [];
  const body = content ? make("textarea", { "aria-label": "body", spellcheck: "false" }) : null;
  if (body) body.value = examples.length ? JSON.stringify(examples[0].value, null, 2) : "{}";
  const answer = make("pre", { hidden: "", "aria-live": "polite" });
  const send = async () => {
    const more = extra.value.trim();
    const [url, options] = requestOf(method.toUpperCase(), path, operation, inputs, body);
    const whole = more ? url + (url.includes("?") ? "&" : "?") + more : url;
    answer.hidden = false;
    answer.textContent = "…";
    try {
      const got = await fetch(whole, options);
      const text = await got.text();
      answer.textContent = `${options.method} ${whole}\n${got.status} ${got.statusText}\n\n${shown(text, got.headers.get("content-type"))}`;
    } catch (problem) {
      answer.textContent = String(problem);
    }
  };
  return make("div", {},
    body,
    make("div", { class: "row" }, make("button", { type: "button", onclick: send }, "Send"),
      method === "get" ? make("label", {}, "more of the query", extra) : null),
    answer);
};

const operationView = (method, path, operation) => {
  const inputs = (operation.parameters || []).map((parameter) => [parameter, make("input", { "aria-label": parameter.name })]);
  const wanted = inputs.filter(([parameter]) => parameter.name !== "Generations-Project");
  const rows = wanted.map(([parameter, input]) => [
    `${parameter.name}${parameter.required ? " *" : ""}`, typeOf(parameter.schema), parameter.description || "", input,
  ]);
  const answers = Object.entries(operation.responses).map(([status, response]) => {
    const name = response.$ref ? "Problem" : Object.entries(response.content || {}).map(([type, one]) =>
      type === "application/json" ? typeOf(one.schema) : type).join(", ");
    return [status, name, response.description || ""];
  });
  const whole = ((operation.responses["200"] || operation.responses["201"] || {}).content || {})["application/json"];
  const schema = operation.requestBody && operation.requestBody.content["application/json"].schema;
  return make("details", { id: operation.operationId, class: "route" },
    make("summary", {}, make("span", { class: `method ${method}` }, method.toUpperCase()), make("code", {}, path), " ",
      make("span", { class: "what" }, operation.summary)),
    make("div", { class: "inside" },
      make("p", {}, operation.description || ""),
      operation["x-scope"] ? make("p", {}, "A key needs the scope ", make("code", {}, operation["x-scope"]), ".") : null,
      rows.length ? table(["parameter", "type", "meaning", "try"], rows) : null,
      schema ? make("p", {}, "Body: ", make("code", {}, typeOf(schema))) : null,
      tryIt(method, path, operation, wanted, make("input", { placeholder: "usage.cost[gte]=0.01" })),
      table(["status", "answer", "meaning"], answers),
      whole && whole.schema && whole.schema.properties ? schemaView(whole.schema) : null));
};

const draw = (api) => {
  byId("about").textContent = `${api.info.description} Version ${api.info.version}.`;
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const group = groups.get(operation.tags[0]) || groups.set(operation.tags[0], []).get(operation.tags[0]);
      group.push([method, path, operation]);
    }
  const routes = byId("routes");
  const contents = byId("contents");
  for (const [name, operations] of groups) {
    contents.append(make("h2", {}, name), ...operations.map(([method, path, operation]) =>
      make("a", { href: `#${operation.operationId}`, onclick: () => { byId(operation.operationId).open = true; } },
        make("span", { class: `method ${method}` }, method.toUpperCase()), path)));
    routes.append(make("h2", {}, name), ...operations.map((one) => operationView(...one)));
  }
  contents.append(make("h2", {}, "schemas"));
  routes.append(make("h2", {}, "schemas"));
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    contents.append(make("a", { href: `#schema-${name}`, onclick: () => { byId(`schema-${name}`).open = true; } }, name));
    routes.append(make("details", { id: `schema-${name}` },
      make("summary", {}, make("code", {}, name), " ", make("span", { class: "what" }, schema.description || "")),
      make("div", { class: "inside" }, schemaView(schema))));
  }
  const marked = location.hash && byId(location.hash.slice(1));
  if (marked) { marked.open = true; marked.scrollIntoView(); }
};

byId("who").addEventListener("submit", (event) => event.preventDefault());
byId("find").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const one of document.querySelectorAll("main details")) one.hidden = wanted !== "" && !one.textContent.toLowerCase().includes(wanted);
});

fetch("/api/openapi.json").then((got) => got.json()).then(draw).catch((problem) => {
  byId("routes").textContent = `The document could not be read: ${problem}`;
});

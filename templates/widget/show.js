/* What came back, as text nodes only: nothing an answer says is ever read as HTML. */

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return made;
}

const plain = (value) => (value === undefined || value === null ? "–" : typeof value === "object" ? "…" : String(value).slice(0, 300));
const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const WRITTEN = {
  usd: (value) => dollars.format(value),
  km: (value) => `${value.toFixed(2)} km`,
  minutes: (value) => `${value} min`,
};

function written(column, item) {
  const value = item[column.show];
  const number = typeof value === "number" && Number.isFinite(value);
  let text = number && WRITTEN[column.as] ? WRITTEN[column.as](value) : plain(value);
  if (column.as === "yes_no" && typeof value === "boolean") text = value ? "Yes" : "No";
  if (column.per && typeof item[column.per] === "string") text += ` per ${item[column.per].slice(0, 20)}`;
  if (column.of && typeof item[column.of] === "number") text += ` of ${item[column.of]}`;
  return text;
}

const counted = (n) => `${n} ${n === 1 ? setting.one : setting.many}`;
const sizeOf = (circle) => `${Number(circle.radius.toPrecision(6))} km`;

/* Items with their numbers; those with a position carry it. */
function numbered(list) {
  const coordinate = (value, most) => typeof value === "number" && Math.abs(value) <= most;
  return list.slice(0, setting.maxRows).map((item, i) => {
    const found = item && typeof item === "object" ? item : {};
    const [lat, lng] = [found[setting.lat], found[setting.lng]];
    const placed = coordinate(lat, 90) && coordinate(lng, 180);
    return { n: i + 1, item: found, label: plain(found[setting.label]), ...(placed ? { lat, lng } : {}) };
  });
}

/* Roles are said outright, as a table laid out as cards on a narrow screen loses its own. */
function tableOf(rows) {
  const head = ["No.", setting.one.charAt(0).toUpperCase() + setting.one.slice(1), ...setting.columns.map((column) => column.title)];
  const table = element("table", { role: "table", "aria-describedby": "status" },
    element("caption", {}, `The ${setting.many} found, in the order of the answer`),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head.map((text) => element("th", { scope: "col", role: "columnheader" }, text)))));
  const body = element("tbody", { role: "rowgroup" });
  for (const row of rows) {
    const line = element("tr", { role: "row", "data-n": row.n },
      element("td", { class: "n", role: "cell" }, element("span", {}, row.n)),
      element("th", { scope: "row", role: "rowheader", dir: "auto" }, row.label),
      ...setting.columns.map((column) => element("td", { role: "cell", "data-title": column.title, class: column.as === "text" && !column.of ? "" : "short" }, element("span", {}, written(column, row.item)))));
    body.append(line);
  }
  table.append(body);
  return table;
}

let shown = { circle: null, rows: [] };

function redraw() {
  const { circle, rows } = shown;
  $("figure").hidden = !circle;
  if (!circle) return;
  const placed = rows.filter((row) => row.lat !== undefined);
  const { markers, points } = draw($("map"), $("drawn"), circle.centre, circle.radius, placed);
  const { lat, lng } = circle.centre;
  $("map-title").textContent = `Map of ${sizeOf(circle)} around ${lat}, ${lng}`;
  $("map-text").textContent = points.length
    ? points.map((p) => `${p.n}: ${p.label}, ${length(Number(p.km.toPrecision(2)))} ${wind(p.bearing)}`).join("; ")
    : `No ${setting.many} are marked.`;
  for (const [n, marker] of markers) {
    const row = document.querySelector(`tr[data-n="${n}"]`);
    const light = (on) => [row, marker].forEach((part) => part && part.classList.toggle("on", on));
    for (const part of [row, marker]) {
      if (!part) continue;
      part.onpointerenter = () => light(true);
      part.onpointerleave = () => light(false);
    }
  }
}

function showFound(circle, list) {
  const rows = numbered(list);
  shown = { circle, rows };
  $("listed").replaceChildren(...(rows.length ? [tableOf(rows)] : []));
  redraw();
  const lost = rows.filter((row) => row.lat === undefined).length;
  const more = list.length > rows.length ? ` Only the first ${rows.length} are shown.` : "";
  const off = lost ? ` ${counted(lost)} without a position ${lost === 1 ? "is" : "are"} not on the map.` : "";
  return rows.length
    ? `${counted(list.length)} within ${sizeOf(circle)}.${more}${off}`
    : `No ${setting.many} within ${sizeOf(circle)}. Try a larger radius, or another place.`;
}

function showProblem(found) {
  const parts = [element("strong", {}, found.title), element("p", {}, found.help)];
  if (found.said) parts.push(element("p", { class: "said" }, `The server says: ${found.said}`));
  if (found.id) parts.push(element("p", { class: "said" }, `Quote this to support: ${found.id}`));
  $("problem").replaceChildren(...parts);
}

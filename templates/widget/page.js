/* The page: one search at a time. The token is read when it is sent and kept nowhere else. */

const MASK = "\u2022".repeat(8);
let busy = false;

const hidden = (token) => (setting.prefixes.find((prefix) => token.startsWith(prefix)) || "") + MASK;
/* A server that sends the token back does not bring it onto the page; one of a few letters is not a secret, but part of words. */
{% if sent and sent.pair %}
const masked = (text, token) => [token, btoa(token), token.slice(token.indexOf(":") + 1)].reduce((left, part) => (part.length < 8 ? left : left.split(part).join(MASK)), text);
{% else %}
const masked = (text, token) => (token.length < 8 ? text : text.split(token).join(hidden(token)));
{% endif %}

function setBusy(on) {
  busy = on;
  $("go").setAttribute("aria-disabled", String(on));
  $("go-text").textContent = on ? "Searching…" : "Search";
  $("results").setAttribute("aria-busy", String(on));
}

const cut = (text) => (text.length > 100000 ? `${text.slice(0, 100000)}\n… ${text.length - 100000} more characters` : text);

function showExchange(asked, body, { response, text, data }) {
  const { base, token } = asked;
  const url = new URL(base + setting.call.path);
  const head = [`${setting.call.method} ${url.pathname} HTTP/1.1`, `Host: ${url.host}`, {% if sent %}`{{ sent.header | js }}: {{ sent.shown | raw }}`, {% endif %}"Content-Type: application/json"];
  $("sent").textContent = masked(`${head.join("\n")}\n\n${JSON.stringify(JSON.parse(body), null, 2)}`, token);
  const lines = response ? [`HTTP ${response.status}`, ...[...response.headers].map(([name, value]) => `${name}: ${value}`)] : ["No answer."];
  const shownBody = text === undefined ? "" : data === undefined ? text : JSON.stringify(data, null, 2);
  $("came").textContent = masked(cut(`${lines.join("\n")}\n\n${shownBody}`), token);
  $("exchange").hidden = false;
}

function budget(response) {
  const [left, all] = ["remaining", "limit"].map((key) => (setting.headers[key] ? response.headers.get(setting.headers[key]) : null));
  return left && all && /^[0-9]+$/.test(left + all) ? ` ${Number(left).toLocaleString("en")} of ${Number(all).toLocaleString("en")} calls left.` : "";
}

function judged(answer, token) {
  if (answer.failed) return answer.failed;
  if (!answer.response.ok) {
    const found = refused(answer.response, answer.data);
    return { ...found, said: masked(found.said, token), id: masked(found.id, token) };
  }
  const list = at(answer.data, setting.items);
  return Array.isArray(list) ? null : problem("The answer is not what was expected.", `It has no list “${setting.items}”; the raw answer is below.`);
}

async function search() {
  const asked = readForm();
  const place = circle();
  if (!asked || !place || busy) return;
  const body = JSON.stringify({ [setting.call.selector]: setting.call.action, [setting.call.arguments]: asked.args });
  setBusy(true);
  $("problem").replaceChildren();
  $("status").textContent = "Searching…";
  const answer = await send(asked.base, asked.token, body);
  setBusy(false);
  showExchange(asked, body, answer);
  const found = judged(answer, asked.token);
  if (!found) {
    $("status").textContent = showFound(place, at(answer.data, setting.items).map((item) => withoutToken(item, asked.token))) + budget(answer.response);
    const top = $("results-title").getBoundingClientRect().top;
    if (top < 0 || top > innerHeight / 2) $("results-title").scrollIntoView();
    return;
  }
  shown = { circle: place, rows: [] };
  $("listed").replaceChildren();
  redraw();
  $("status").textContent = "The search gave no result.";
  showProblem(found);
  const field = setting.fields.find((one) => one.name === found.field);
  if (field) mark(field.name, found.said || found.title).focus();
{% if sent %}
  else if (found.status === 401) mark("token", found.title).focus();
{% endif %}
}

function withoutToken(item, token) {
  try {
    return JSON.parse(JSON.stringify(item), (_, value) => (typeof value === "string" ? masked(value, token) : value));
  } catch {
    return item;
  }
}

function pressed() {
  for (const chip of document.querySelectorAll(".chip")) {
    const place = setting.places[chip.dataset.place];
    const same = Object.entries(place).every(([name, value]) => input(name) && Number(input(name).value) === Number(value));
    chip.setAttribute("aria-pressed", String(same));
  }
}

function preview() {
  pressed();
  const next = circle();
  if (!next || busy) return;
  if (shown.rows.length) {
    $("listed").replaceChildren();
    $("status").textContent = "The form has changed: search again.";
  }
  shown = { circle: next, rows: [] };
  redraw();
}

function start() {
  if (location.protocol.startsWith("http") && location.pathname === setting.page) $("base").value = location.origin;
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  for (const chip of document.querySelectorAll(".chip")) {
    chip.addEventListener("click", () => {
      for (const [name, value] of Object.entries(setting.places[chip.dataset.place])) {
        if (input(name)) input(name).value = String(value);
        mark(name, "");
      }
      preview();
    });
  }
  for (const name of [setting.lat, setting.lng, setting.radius]) input(name).addEventListener("input", preview);
  $("form").addEventListener("input", (event) => mark(event.target.id.replace(/^in-/, ""), ""));
  addEventListener("pagehide", () => {
{% if sent %}
    $("token").value = "";
{% endif %}
  });
  let width = 0;
  new ResizeObserver(() => {
    if (Math.round($("figure").clientWidth) === width) return;
    width = Math.round($("figure").clientWidth);
    redraw();
  }).observe($("figure"));
  preview();
}

start();

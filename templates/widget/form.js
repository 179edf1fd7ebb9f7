/* The form: what stands in it, and what is wrong with it before anything is sent. */

const setting = JSON.parse(document.getElementById("setting").textContent);
const $ = (id) => document.getElementById(id);
const input = (name) => $(`in-${name}`);

function mark(id, message) {
  const [control, words] = [$(id) || $(`in-${id}`), $(`err-${id}`)];
  if (!control || !words) return null;
  words.textContent = message;
  words.hidden = !message;
  if (message) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
  return control;
}

/* What a number may be, in words; empty where it may be this. */
function outOfRange(value, field) {
  if (field.minimum !== undefined && value < field.minimum) return `at least ${field.minimum}`;
  if (field.exclusiveMinimum !== undefined && value <= field.exclusiveMinimum) return `more than ${field.exclusiveMinimum}`;
  if (field.maximum !== undefined && value > field.maximum) return `at most ${field.maximum}`;
  if (field.exclusiveMaximum !== undefined && value >= field.exclusiveMaximum) return `less than ${field.exclusiveMaximum}`;
  return "";
}

/* [value, message] of one argument; a value of undefined is not sent. */
function read(field) {
  const control = input(field.name);
  if (field.kind === "boolean") return [control.checked || undefined, ""];
  const text = control.value.trim().replace("\u2212", "-");
  if (!text) return [undefined, field.required ? `Enter a value for ${field.label}.` : ""];
  if (field.kind !== "number" && field.kind !== "integer") {
    return text.length > (field.maxLength ?? Infinity) ? [text, `At most ${field.maxLength} characters.`] : [text, ""];
  }
  if (!/^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$/.test(text)) return [undefined, "Enter a number, such as 1.5."];
  const value = Number(text);
  if (field.kind === "integer" && !Number.isInteger(value)) return [value, "Enter a whole number."];
  const must = outOfRange(value, field);
  return [value, must ? `It must be ${must}.` : ""];
}

/* Whether this page may call the origin: what its Content-Security-Policy lets through. */
function allowed(url) {
  const local = ["127.0.0.1", "localhost"].includes(url.hostname);
  return local || url.origin === location.origin || setting.servers.includes(url.origin);
}

function readBase() {
  let url;
  try {
    url = new URL($("base").value.trim());
  } catch {
    return ["", "Enter the server's address, such as https://api.example.com."];
  }
  if (!["http:", "https:"].includes(url.protocol) || url.username || url.password || url.search || url.hash) {
    return ["", "Enter the server's address alone: https and the host."];
  }
  if (!allowed(url)) return ["", `This page only calls ${setting.servers.join(", ")}, its own site, and servers on this machine.`];
  return [url.origin + url.pathname.replace(/\/+$/, ""), ""];
}

function readToken() {
{% if not sent %}
  return ["", ""];
{% else %}
  const token = $("token").value.trim(){% if sent.lead %}.replace(/^{{ sent.lead | raw }}\s+/i, ""){% endif %};
  if (!token) return ["", "Enter a token."];
  return /^[\x21-\x7e]{1,4096}$/.test(token) ? [token, ""] : ["", "A token has no spaces or special characters; check what was pasted."];
{% endif %}
}

/* The values of the whole form, or null with the first wrong field focused. */
function readForm() {
  const [base, wrongBase] = readBase();
  const [token, wrongToken] = readToken();
  const found = setting.fields.map((field) => [field.name, ...read(field)]);
  const wrong = [["base", wrongBase], {% if sent %}["token", wrongToken], {% endif %}...found.map(([name, , message]) => [name, message])];
  const controls = wrong.map(([id, message]) => [mark(id, message), message]);
  const first = controls.find(([, message]) => message);
  if (first) {
    first[0].focus();
    return null;
  }
  return { base, token, args: Object.fromEntries(found.filter(([, value]) => value !== undefined).map(([name, value]) => [name, value])) };
}

/* The circle that the form describes; null while it describes none. */
function circle() {
  const value = (name) => {
    const [found, message] = read(setting.fields.find((field) => field.name === name));
    return message || found === undefined ? NaN : found;
  };
  const [lat, lng, radius] = [value(setting.lat), value(setting.lng), value(setting.radius)];
  return [lat, lng, radius].every(Number.isFinite) && radius > 0 ? { centre: { lat, lng }, radius } : null;
}

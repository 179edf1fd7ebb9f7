/* One call: sent once, bounded in time and size; what can go wrong is a value with words for a person. */

const at = (value, path) => (path || "").split(".").reduce((here, key) => (here && typeof here === "object" ? here[key] : undefined), value);
const told = (value) => (typeof value === "string" && value ? value.slice(0, 600) : "");

async function bounded(response, most) {
  const reader = response.body ? response.body.getReader() : null;
  const parts = [];
  let size = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      reader.cancel();
      return null;
    }
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  parts.reduce((offset, part) => (whole.set(part, offset), offset + part.length), 0);
  return new TextDecoder().decode(whole);
}

/* Answers {response, text, data} or {failed}. */
async function send(base, token, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), setting.timeoutMs);
  try {
    const response = await fetch(base + setting.call.path, {
      method: setting.call.method, body, signal: stop.signal, mode: "cors", credentials: "omit", cache: "no-store", redirect: "error",
      referrerPolicy: "no-referrer", headers: { {% if sent %}"{{ sent.header | js }}": `{{ sent.value | raw }}`, {% endif %}"Content-Type": "application/json" },
    });
    const text = await bounded(response, setting.maxBytes);
    if (text === null) {
      return { response, failed: problem("The answer is too large.", `This page reads at most ${setting.maxBytes.toLocaleString("en")} bytes.`) };
    }
    let data;
    try {
      data = JSON.parse(text);
    } catch {
      data = undefined;
    }
    return { response, text, data };
  } catch {
    return { failed: stop.signal.aborted ? late() : unreachable(base) };
  } finally {
    clearTimeout(timer);
  }
}

const problem = (title, help, more = {}) => ({ title, help, ...more });
const late = () => problem("The server took too long.", `No answer within ${setting.timeoutMs / 1000} seconds. Try again, or check the server's address.`);

function unreachable(base) {
  const elsewhere = new URL(base).origin !== location.origin;
  const offline = navigator.onLine === false ? "This device is offline." : "Check the address, and that the server is running.";
  const cors = "The browser does not say more; it may also be that the server allows no calls from pages of other sites (CORS).";
  return problem(`${new URL(base).host} cannot be reached.`, elsewhere ? `${offline} ${cors}` : offline);
}

function wait(response) {
  const value = response.headers.get(setting.headers.retry) || "";
  const seconds = /^[0-9]{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  if (!Number.isFinite(seconds)) return "Try again in a little while.";
  return seconds < 120 ? `Try again in ${Math.max(1, seconds)} ${seconds > 1 ? "seconds" : "second"}.` : `Try again in ${Math.ceil(seconds / 60)} minutes.`;
}

function refusal(status, response, scope) {
  switch (status) {
    case 401:
      return ["The token was not accepted.", "Check that you copied all of it, that it was not revoked, and that it belongs to this server."];
    case 403:
      return ["The token is valid, but may not do this.", scope ? `Its plan does not include the scope “${scope}”.` : "Its plan does not include this."];
    case 404:
      return ["There is no such address on this server.", "Check the server's address: it stands without a path."];
    case 426:
      return ["The server wants an encrypted connection.", "Use its https address."];
    case 429:
      return ["Too many calls with this token.", wait(response)];
    case 503:
      return ["The server is busy.", wait(response)];
    default:
      return status >= 500
        ? ["The server failed.", "It is not your token's fault. Try again in a moment."]
        : ["The server refused the search.", "Correct what it names and search again."];
  }
}

/* A refused call in words. */
function refused(response, data) {
  const scope = told(at(data, setting.errors.scope));
  const [title, help] = refusal(response.status, response, scope);
  return problem(title, help, {
    status: response.status, said: told(at(data, setting.errors.message)), id: told(at(data, setting.errors.id)),
    field: told(at(data, setting.errors.field)),
  });
}

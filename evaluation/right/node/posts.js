// Posts on Express: `node evaluation/right/node/posts.js`.
//
// Its habits: one enum of codes for all errors, `page`, `per_page` and `total`, an id in Location alone, a GET
// that streams and waits by design, 204 without a body, and members that nobody knows are refused.
import express from "express";
import { once } from "node:events";

const KEY = "posts-key-1";
const CODES = {
  400: "bad_request", 401: "no_key", 404: "not_found", 405: "no_such_method",
  413: "too_large", 415: "unsupported_media_type", 422: "invalid",
};
const posts = new Map();
const pictures = new Map();
let largest = 0;

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// ---- what a client sends

const isText = (value, most) =>
  typeof value === "string" && value.isWellFormed() && [...value].length >= 1 && [...value].length <= most;

const KINDS = {
  title: (value) => isText(value, 80),
  text: (value) => isText(value, 500),
  stars: (value) => Number.isInteger(value) && value >= 0 && value <= 5,
  tags: (value) =>
    Array.isArray(value) && value.length <= 4 && value.every((tag) => isText(tag, 20)) &&
    new Set(value).size === value.length,
};

function readPost(body) {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refused(422, "a post is an object");
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(KINDS, name)) throw new Refused(422, "there is no such member");
    if (!KINDS[name](value)) throw new Refused(422, `${name} is not as the document says`);
  }
  if (body.title === undefined || body.text === undefined) throw new Refused(422, "title and text are needed");
  return { title: body.title, text: body.text, stars: body.stars ?? 0, tags: body.tags ?? [] };
}

function readNumber(query, name, fallback, most) {
  const written = query[name] ?? String(fallback);
  if (typeof written !== "string" || !/^[1-9][0-9]{0,5}$/.test(written) || Number(written) > most) {
    throw new Refused(422, `${name} is a whole number from 1 to ${most}`);
  }
  return Number(written);
}

function find(kept, id) {
  const known = /^[1-9][0-9]{0,9}$/.test(id) ? kept.get(Number(id)) : undefined;
  if (known === undefined) throw new Refused(404, "it is not there");
  return known;
}

// ---- what is answered

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.use((request, response, next) => {
  if (!["Bearer", "bearer"].some((word) => request.get("Authorization") === `${word} ${KEY}`)) {
    response.set("WWW-Authenticate", "Bearer");
    throw new Refused(401, "a key is needed");
  }
  next();
});
app.use((request, response, next) => {
  const body = ["POST", "PUT"].includes(request.method);
  if (body && !request.is("application/json")) throw new Refused(415, "the body is to be application/json");
  next();
});
app.use(express.json({ strict: false, limit: "1mb" }));

const route = (path, calls) => {
  const methods = Object.keys(calls).map((name) => name.toUpperCase());
  const place = app.route(path);
  for (const [name, call] of Object.entries(calls)) place[name](call);
  place.all((request, response) => {
    response.set("Allow", [...methods, ...(calls.get ? ["HEAD"] : [])].join(", "));
    throw new Refused(405, "this path has no such method");
  });
};

route("/posts", {
  get(request, response) {
    const [page, per_page] = [readNumber(request.query, "page", 1, 100000), readNumber(request.query, "per_page", 5, 20)];
    const items = [...posts.values()].slice((page - 1) * per_page, page * per_page);
    response.json({ items, page, per_page, total: posts.size });
  },
  post(request, response) {
    const post = { id: largest + 1, ...readPost(request.body) };
    posts.set(++largest, post);
    response.status(201).location(`/posts/${post.id}`).json(post);
  },
});
route("/posts/:id", {
  get: (request, response) => response.json(find(posts, request.params.id)),
  put(request, response) {
    const { id } = find(posts, request.params.id);
    posts.set(id, { id, ...readPost(request.body) });
    response.json(posts.get(id));
  },
  delete(request, response) {
    posts.delete(find(posts, request.params.id).id);
    response.status(204).end();
  },
});
route("/posts/:id/pictures", {
  post(request, response) {
    const post = find(posts, request.params.id);
    if (!isText(request.body?.file, 100)) throw new Refused(422, "file has 1 to 100 characters");
    pictures.set(++largest, { picture_id: largest, post_id: post.id, file: request.body.file });
    response.status(201).location(`/pictures/${largest}`).end();
  },
});
route("/pictures/:id", { get: (request, response) => response.json(find(pictures, request.params.id)) });
route("/news", {
  async get(request, response) {
    response.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(`data: ${posts.size}\n\n`);
    const timer = setInterval(() => response.write(`data: ${posts.size}\n\n`), 20_000);
    await once(response, "close");
    clearInterval(timer);
  },
});
app.use(() => {
  throw new Refused(404, "there is no such path");
});
app.use((error, request, response, next) => {
  const status = CODES[error.status] ? error.status : 400;
  response.status(status).json({ error: { code: CODES[status], message: error.message } });
});

for (let number = 1; number <= 12; number++) {
  posts.set(++largest, { id: number, title: `Post ${number}`, text: "Text", stars: number % 6, tags: [] });
}
const server = app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));

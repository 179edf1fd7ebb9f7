// Rooms on NestJS: `node evaluation/right/node/rooms.js`.
//
// Its habits: null that means the default, PATCH of some members, soft removal with restore (404 for a room that
// was not removed), Nest's one shape for all errors (`message` is a text or a list), weak ETags that Express makes,
// and states that a room moves through. Decorators are applied as functions, as plain JavaScript has none.
import "reflect-metadata";
import * as nest from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { randomUUID } from "node:crypto";

const DEFAULTS = { color: "white", seats: 4 };
const COLORS = ["white", "blue", "green"];
const rooms = new Map();

const isText = (value) => typeof value === "string" && value.isWellFormed() && [...value].length >= 1 && [...value].length <= 40;
const isSeats = (value) => value === null || (Number.isInteger(value) && value >= 1 && value <= 500);
const isColor = (value) => value === null || COLORS.includes(value);
const CHECKS = { name: isText, seats: isSeats, color: isColor };

/** Return the members that a body sends, null as the default; refuse what the document does not have. */
function read(body, needed) {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new nest.BadRequestException(["the body is an object"]);
  }
  const wrong = Object.keys(body).filter((name) => !(Object.hasOwn(CHECKS, name) && CHECKS[name](body[name])));
  wrong.push(...needed.filter((name) => body[name] === undefined));
  if (wrong.length > 0) throw new nest.BadRequestException(wrong.map((name) => `${name} is wrong`));
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, value ?? DEFAULTS[name]]));
}

/** Return a room that is there, or also one that was removed. */
function find(id, removed = false) {
  const room = rooms.get(id);
  if (room === undefined || (room.removed && !removed)) throw new nest.NotFoundException("there is no such room");
  return room;
}

const show = ({ removed, ...room }) => room;

class Rooms {
  list(state) {
    if (state !== undefined && !["free", "taken"].includes(state)) {
      throw new nest.BadRequestException(["state is free or taken"]);
    }
    const there = [...rooms.values()].filter((room) => !room.removed);
    return there.filter((room) => state === undefined || room.state === state).map(show);
  }

  create(body) {
    const room = { id: randomUUID(), ...DEFAULTS, ...read(body, ["name"]), state: "free", removed: false };
    rooms.set(room.id, room);
    return show(room);
  }

  get(id) {
    return show(find(id));
  }

  change(id, body) {
    return show(Object.assign(find(id), read(body, [])));
  }

  remove(id) {
    find(id).removed = true;
  }

  restore(id) {
    const room = find(id, true);
    if (!room.removed) throw new nest.NotFoundException("no such room was removed");
    room.removed = false;
    return show(room);
  }

  take(id) {
    const room = find(id);
    if (room.state === "taken") throw new nest.ConflictException("the room is taken");
    room.state = "taken";
    return show(room);
  }
}

/** Apply decorators to a method, and others to its parameters, as TypeScript would. */
function decorate(name, decorators, ...parameters) {
  parameters.forEach((decorator, index) => decorator(Rooms.prototype, name, index));
  const descriptor = Object.getOwnPropertyDescriptor(Rooms.prototype, name);
  for (const decorator of decorators) decorator(Rooms.prototype, name, descriptor);
}

const { Get, Post, Patch, Delete, HttpCode, Param, Body, Query } = nest;
decorate("list", [Get()], Query("state"));
decorate("create", [Post()], Body());
decorate("get", [Get(":id")], Param("id"));
decorate("change", [Patch(":id")], Param("id"), Body());
decorate("remove", [Delete(":id"), HttpCode(204)], Param("id"));
decorate("restore", [Post(":id/restore"), HttpCode(200)], Param("id"));
decorate("take", [Post(":id/take"), HttpCode(200)], Param("id"));
nest.Controller("rooms")(Rooms);

class Application {}
nest.Module({ controllers: [Rooms] })(Application);

const METHODS = { "/rooms": ["GET", "HEAD", "POST"], "/rooms/": ["GET", "HEAD", "PATCH", "DELETE"] };

/** Nest answers 404 to a method that a path does not have; say 405, and 415 to another type of body. */
function refuseEarly(request, response, next) {
  const [, , id, act] = request.path.split("/");
  const path = act === undefined ? (id ? "/rooms/" : "/rooms") : "act";
  const methods = path === "act" ? ["POST"] : METHODS[path];
  const known = /^\/rooms(\/[^/]+(\/(restore|take))?)?$/.test(request.path);
  if (known && !methods.includes(request.method)) {
    response.set("Allow", methods.join(", "));
    return response.status(405).json({ statusCode: 405, message: "Method Not Allowed" });
  }
  if (known && path !== "act" && ["POST", "PATCH"].includes(request.method) && !request.is("application/json")) {
    return response.status(415).json({ statusCode: 415, message: "Unsupported Media Type" });
  }
  return next();
}

const app = await NestFactory.create(Application, { logger: false, bodyParser: false });
app.use(refuseEarly);
app.useBodyParser("json", { strict: false });
for (let number = 1; number <= 3; number++) new Rooms().create({ name: `Room ${number}` });
await app.listen(0, "127.0.0.1");
console.log(`http://127.0.0.1:${app.getHttpServer().address().port}`);

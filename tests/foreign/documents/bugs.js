// Bugs that a run of the server can be given, by name; none is chosen unless somebody asks.

/** name: what a client would notice */
export const BUGS = {};

const chosen = new Set();

/** Switch a bug of the list on, before the application is created. */
export function plant(name) {
  if (!Object.hasOwn(BUGS, name)) throw new Error(`there is no bug ${name}`);
  chosen.add(name);
}

/** True if the server was started with this bug. */
export function planted(name) {
  return chosen.has(name);
}

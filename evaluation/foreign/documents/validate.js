import { invalid } from './errors.js';

const CONTROL = /[\u0000-\u001f]/;
const LABEL = /^[a-z][a-z0-9-]{0,29}$/;
const DIGITS = /^(0|[1-9][0-9]*)$/;

// texts and lists: each returns what is wrong, or nothing

export function wrongText(value, most) {
  if (typeof value !== 'string') return 'a text is wanted';
  const length = [...value].length;
  if (length < 1 || length > most) return `the text must have 1 to ${most} characters`;
  return CONTROL.test(value) ? 'the text has a control character' : undefined;
}

export function wrongName(value) {
  return wrongText(value, 120) ?? (value.includes('/') ? 'a name has no slash' : undefined);
}

export const wrongLabel = (value) => (typeof value === 'string' && LABEL.test(value) ? undefined : 'this is not a label');

/** Where and why a value is not a list of labels. */
function wrongLabels(value) {
  if (!Array.isArray(value) || value.length > 10) return ['', 'a list of at most 10 labels is wanted'];
  const index = value.findIndex((label, at) => wrongLabel(label) || value.indexOf(label) < at);
  return index < 0 ? undefined : [`/${index}`, wrongLabel(value[index]) ?? 'the labels must be different'];
}

const escape = (name) => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** Refuse what is not an object, and members that are not listed. */
function requireMembers(body, listed) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('', 'an object is wanted');
  for (const name of Object.keys(body)) {
    if (!listed.includes(name)) throw invalid(`/${escape(name)}`, 'this member is not known');
  }
}

function require(pointer, wrong) {
  if (wrong) throw invalid(pointer, wrong);
}

function requireLabels(value) {
  const wrong = wrongLabels(value);
  if (wrong) throw invalid(`/labels${wrong[0]}`, wrong[1]);
}

// bodies

export function readFolder(body) {
  requireMembers(body, ['title', 'color']);
  if (!Object.hasOwn(body, 'title')) throw invalid('/title', 'the title is missing');
  require('/title', wrongText(body.title, 100));
  const color = body.color ?? null;
  if (![null, 'blue', 'green', 'red'].includes(color)) throw invalid('/color', 'blue, green, red or null is wanted');
  return { title: body.title, color };
}

export function readMetadata(body) {
  requireMembers(body, ['description', 'labels']);
  const { description = null, labels = [] } = body;
  if (description !== null) require('/description', wrongText(description, 500));
  requireLabels(labels);
  return { description, labels };
}

export function readPatch(body) {
  requireMembers(body, ['name', 'description', 'labels']);
  const patch = { ...body };
  if ('name' in patch) require('/name', wrongName(patch.name));
  if (patch.description !== undefined && patch.description !== null) require('/description', wrongText(patch.description, 500));
  if (patch.labels === null) patch.labels = [];
  if (patch.labels !== undefined) requireLabels(patch.labels);
  return patch;
}

export function readClock(body) {
  requireMembers(body, ['advance_s']);
  const seconds = body.advance_s;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 7_776_000) {
    throw invalid('/advance_s', 'an integer from 1 to 7776000 is wanted');
  }
  return seconds;
}

// queries

/** A query argument: a text, or undefined. */
export function queryText(req, name) {
  const value = req.query[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value) || value === '') throw invalid(`query:${name}`, 'the argument is empty or repeated');
  return value;
}

export function queryInteger(req, name, least, most, otherwise) {
  const text = queryText(req, name);
  if (text === undefined) return otherwise;
  const value = DIGITS.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw invalid(`query:${name}`, `an integer of at least ${least}, at most ${most} is wanted`);
  return value;
}

export function queryBoolean(req, name) {
  const text = queryText(req, name);
  if (text !== undefined && text !== 'true' && text !== 'false') throw invalid(`query:${name}`, 'true or false is wanted');
  return text === 'true';
}

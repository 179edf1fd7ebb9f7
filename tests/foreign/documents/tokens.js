import express from 'express';
import contentType from 'content-type';

import { planted } from './bugs.js';
import { ApiError } from './errors.js';

const LIFE_S = 3600;
const SCOPES = ['documents.read', 'documents.write', 'operator'];
const REALM = 'Bearer realm="paperdeck"';

/** Staging's clients. */
const CLIENTS = new Map(
  Object.entries({
    client_main: { secret: 'main-secret-0001', scopes: ['documents.read', 'documents.write'], organisation: 'one' },
    client_second: { secret: 'second-secret-0002', scopes: ['documents.read', 'documents.write'], organisation: 'two' },
    client_reader: { secret: 'reader-secret-0003', scopes: ['documents.read'], organisation: 'one' },
    client_operator: { secret: 'operator-secret-0004', scopes: ['operator'], organisation: null },
  }).map(([id, client]) => [id, { id, ...client }]),
);

/** The tokens that were given, and who they were given to. */
export class Tokens {
  #given = new Map();

  constructor(clock, random) {
    this.clock = clock;
    this.random = random;
  }

  give(client, scopes) {
    const token = `pd_test_${this.random.text(40)}`;
    this.#given.set(token, { client, scopes, since: this.clock.now() });
    return token;
  }

  /** The client and scopes behind an Authorization header. */
  recognise(header) {
    if (!header?.trim()) {
      throw new ApiError('token_missing', 'the Authorization header is missing', { headers: { 'WWW-Authenticate': REALM } });
    }
    const headers = { 'WWW-Authenticate': `${REALM}, error="invalid_token"` };
    const given = this.#given.get(/^bearer +(\S+)$/i.exec(header.trim())?.[1]);
    if (!given) throw new ApiError('token_invalid', 'this token is not known', { headers });
    const now = planted('token-never-expires') ? this.clock.now() / 1000 : this.clock.now();
    if (now - given.since >= LIFE_S * 1000) throw new ApiError('token_expired', 'this token has expired', { headers });
    return given;
  }
}

export function requireScope(given, scope) {
  if (given.scopes.includes(scope)) return;
  const challenge = `${REALM}, error="insufficient_scope", scope="${scope}"`;
  throw new ApiError('scope_missing', `this needs the scope ${scope}`, { headers: { 'WWW-Authenticate': challenge } });
}

// the token endpoint

class OAuthError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** A form field: a text, or undefined. */
function field(form, name) {
  const value = form[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value) || value === '') throw new OAuthError('invalid_request', `${name} is empty or repeated`);
  return value;
}

/** The id and secret of an Authorization header; undefined if it cannot be read. */
function readBasic(header) {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header.trim())?.[1];
  const decoded = encoded && Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded?.indexOf(':') ?? -1;
  if (colon < 0) return undefined;
  try {
    return [decoded.slice(0, colon), decoded.slice(colon + 1)].map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
  } catch {
    return undefined;
  }
}

function authenticate(credentials) {
  const client = credentials && CLIENTS.get(credentials[0]);
  if (!client || client.secret !== credentials[1]) throw new OAuthError('invalid_client', 'the client is unknown or its secret is wrong');
  return client;
}

function grantScopes(client, scope) {
  const asked = scope === undefined ? client.scopes : scope.split(' ');
  if (!asked.every((name) => client.scopes.includes(name))) throw new OAuthError('invalid_scope', 'this scope cannot be granted');
  if (planted('scope-not-narrowed')) return client.scopes;
  return SCOPES.filter((name) => asked.includes(name));
}

function isForm(req) {
  try {
    return contentType.parse(req).type === 'application/x-www-form-urlencoded';
  } catch {
    return false;
  }
}

function grant(tokens, req) {
  if (!isForm(req)) throw new OAuthError('invalid_request', 'the body must be a form');
  const form = req.body ?? {};
  const [type, scope, id, secret] = ['grant_type', 'scope', 'client_id', 'client_secret'].map((name) => field(form, name));
  const header = req.get('Authorization')?.trim();
  if (type === undefined) throw new OAuthError('invalid_request', 'grant_type is missing');
  if (header && (id ?? secret) !== undefined) throw new OAuthError('invalid_request', 'the client is given in two ways');
  if (!header && (id === undefined || secret === undefined)) throw new OAuthError('invalid_request', 'the client is missing');
  const client = authenticate(header ? readBasic(header) : [id, secret]);
  if (type !== 'client_credentials') throw new OAuthError('unsupported_grant_type', 'the only grant type is client_credentials');
  const scopes = grantScopes(client, scope);
  return { access_token: tokens.give(client, scopes), token_type: 'Bearer', expires_in: LIFE_S, scope: scopes.join(' ') };
}

function answerOAuthError(error, req, res, next) {
  if (!(error instanceof OAuthError) && !(error.status >= 400 && error.status < 500)) return next(error);
  const code = error instanceof OAuthError ? error.code : 'invalid_request';
  if (code === 'invalid_client') res.set('WWW-Authenticate', 'Basic realm="paperdeck"');
  return res.status(code === 'invalid_client' ? 401 : 400).json({ error: code, error_description: error.message });
}

/** The handlers of the token endpoint. */
export function tokenEndpoint(tokens) {
  return [
    (req, res, next) => next(res.set('Cache-Control', 'no-store') && undefined),
    express.urlencoded({ extended: false }),
    (req, res) => res.json(grant(tokens, req)),
    answerOAuthError,
  ];
}

import contentType from 'content-type';
import express from 'express';

/** An error of OAuth's endpoints. */
export class OAuthError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** A form field: a text, or undefined. */
export function field(form, name) {
  const value = form[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value) || value === '') throw new OAuthError('invalid_request', `${name} is empty or repeated`);
  return value;
}

/** A form field that must be there. */
export function required(form, name) {
  const value = field(form, name);
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing`);
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

/** Id and secret of the caller; undefined if its header cannot be read. Without `open` there must be a secret. */
export function readClient(req, form, { open = false } = {}) {
  const [id, secret] = [field(form, 'client_id'), field(form, 'client_secret')];
  const header = req.get('Authorization')?.trim();
  if (header && (id ?? secret) !== undefined) throw new OAuthError('invalid_request', 'the client is given in two ways');
  if (!header && (id === undefined || (secret === undefined && !open))) {
    throw new OAuthError('invalid_request', 'the client is missing');
  }
  return header ? readBasic(header) : [id, secret];
}

export function isForm(req) {
  try {
    return contentType.parse(req).type === 'application/x-www-form-urlencoded';
  } catch {
    return false;
  }
}

/** Scopes in the order of the table; those that `allowed` lacks are refused. */
export function narrowScopes(scope, allowed) {
  const asked = scope === undefined ? allowed : scope.split(' ');
  if (!asked.every((name) => allowed.includes(name))) throw new OAuthError('invalid_scope', 'this scope cannot be granted');
  return allowed.filter((name) => asked.includes(name));
}

function answerOAuthError(error, req, res, next) {
  if (!(error instanceof OAuthError) && !(error.status >= 400 && error.status < 500)) return next(error);
  const code = error instanceof OAuthError ? error.code : 'invalid_request';
  if (code === 'invalid_client') res.set('WWW-Authenticate', 'Basic realm="paperdeck"');
  return res.status(code === 'invalid_client' ? 401 : 400).json({ error: code, error_description: error.message });
}

/** The handlers of an endpoint that takes a form and answers JSON. */
export function formEndpoint(handle) {
  return [
    (req, res, next) => next(res.set('Cache-Control', 'no-store') && undefined),
    express.urlencoded({ extended: false }),
    (req, res) => {
      if (!isForm(req)) throw new OAuthError('invalid_request', 'the body must be a form');
      res.json(handle(req, req.body ?? {}));
    },
    answerOAuthError,
  ];
}

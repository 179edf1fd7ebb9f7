import { createHash } from 'node:crypto';
import express from 'express';

import { OAuthError, formEndpoint, isForm, narrowScopes, readClient, required, field } from './oauth.js';

const TICKET_S = 600;
const CODE_S = 60;
const REFRESH_S = 5_184_000;
const SCOPES = ['documents.read', 'documents.write'];
const QUERY = ['response_type', 'client_id', 'redirect_uri', 'scope', 'state', 'code_challenge', 'code_challenge_method'];

/** Staging's apps; all their users belong to organisation one. */
const APPS = new Map(
  Object.entries({
    app_public: { secret: undefined, redirectUris: ['http://127.0.0.1/callback'] },
    app_web: { secret: 'web-secret-0005', redirectUris: ['https://web.example/callback'] },
  }).map(([id, app]) => [id, { id, ...app }]),
);

/** A fault that is shown to the user, because nobody can be trusted with it. */
class PageError extends Error {}

/** A fault that is sent to the app. */
class RedirectedError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

function isRegistered(app, uri) {
  const plain = app.secret === undefined ? uri.replace(/^http:\/\/127\.0\.0\.1:[0-9]{1,5}\//, 'http://127.0.0.1/') : uri;
  return app.redirectUris.includes(plain);
}

function withQuery(uri, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(given)}`;
}

const challengeOf = (verifier) => createHash('sha256').update(verifier).digest('base64url');

const showPage = (title, content) => `<!doctype html>\n<html lang="en"><head><title>${title}</title></head><body>${content}</body></html>\n`;

const consentPage = (action, ticket, app) =>
  showPage(
    'Allow an app',
    `<h1>${app.id} asks for your documents</h1><form method="post" action="${action}">
<input type="hidden" name="ticket" value="${ticket}"><label>Name <input type="text" name="user"></label>
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>`,
  );

/** Apps of users: what they asked for, what users allowed, and the tokens that came of it. */
export class Apps {
  #tickets = new Map();
  #codes = new Map();
  #refreshTokens = new Map();

  constructor(clock, random, tokens) {
    this.clock = clock;
    this.random = random;
    this.tokens = tokens;
  }

  #isOver(since, seconds) {
    return this.clock.now() - since >= seconds * 1000;
  }

  /** The request behind a query. Throws PageError, or RedirectedError with the request. */
  #readRequest(query) {
    if (QUERY.some((name) => Array.isArray(query[name]))) throw new PageError('An argument is repeated.');
    const [type, id, uri, scope, state, challenge, method] = QUERY.map((name) => query[name] || undefined);
    const app = APPS.get(id);
    if (!app) throw new PageError('This app is not known.');
    if (uri === undefined || !isRegistered(app, uri)) throw new PageError('This redirect URI is not registered.');
    const request = { app, uri, state, challenge, scopes: [] };
    const refuse = (code) => {
      throw Object.assign(new RedirectedError(code), { request });
    };
    if (type !== 'code') refuse('unsupported_response_type');
    try {
      request.scopes = narrowScopes(scope, SCOPES);
    } catch (error) {
      refuse(error.code);
    }
    const bare = challenge === undefined ? app.secret === undefined : method === undefined;
    if (bare || (method !== undefined && method !== 'S256')) refuse('invalid_request');
    return request;
  }

  /** `GET /oauth2/authorize`: the handlers. */
  ask(issuer) {
    return (req, res) => {
      try {
        const request = this.#readRequest(req.query);
        const ticket = this.random.text(40);
        this.#tickets.set(ticket, { request, since: this.clock.now() });
        res.set('Cache-Control', 'no-store').type('html').send(consentPage(`${issuer(req)}/oauth2/authorize`, ticket, request.app));
      } catch (error) {
        if (error instanceof RedirectedError) this.#sendBack(res, error.request, { error: error.code }, issuer(req));
        else refuseOnPage(error, res);
      }
    };
  }

  #sendBack(res, request, parameters, iss) {
    res.redirect(302, withQuery(request.uri, { ...parameters, state: request.state, iss }));
  }

  /** `POST /oauth2/authorize`: the handlers. */
  decide(issuer) {
    const decide = (req, res) => {
      const form = isForm(req) ? (req.body ?? {}) : {};
      const [ticket, decision, user] = ['ticket', 'decision', 'user'].map((name) => form[name]);
      const asked = this.#tickets.get(ticket);
      if (!asked || this.#isOver(asked.since, TICKET_S)) throw new PageError('This page is too old.');
      const allowed = decision === 'allow' && typeof user === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(user);
      if (!allowed && decision !== 'deny') throw new PageError('Allow it with your name, or deny it.');
      this.#tickets.delete(ticket);
      const { request } = asked;
      this.#sendBack(res, request, allowed ? { code: this.#makeCode(request, user) } : { error: 'access_denied' }, issuer(req));
    };
    return [express.urlencoded({ extended: false }), decide, (error, req, res, next) => refuseOnPage(error, res, next)];
  }

  #makeCode(request, user) {
    const code = this.random.text(40);
    // the consent stands for a client: it has an organisation and a bucket of its own
    const consent = { id: `${request.app.id}/${user}/${code}`, organisation: 'one', app: request.app, scopes: request.scopes };
    this.#codes.set(code, { request, consent, since: this.clock.now(), used: false });
    return code;
  }

  #authenticate(req, form) {
    const [id, secret] = readClient(req, form, { open: true }) ?? [];
    const app = APPS.get(id);
    if (!app || app.secret !== secret) throw new OAuthError('invalid_client', 'the app is unknown or its secret is wrong');
    return app;
  }

  #give(consent, scopes) {
    const refresh = this.random.text(40);
    this.#refreshTokens.set(refresh, { consent, since: this.clock.now(), used: false });
    return { ...this.tokens.grant(consent, scopes), refresh_token: refresh };
  }

  #endConsent(consent) {
    this.tokens.endAll(consent);
    for (const given of [...this.#refreshTokens.values(), ...this.#codes.values()]) {
      if (given.consent === consent) given.used = true;
    }
  }

  /** A code or refresh token that may be used now; it is used then. */
  #use(found, app, seconds, fits) {
    if (found?.used) this.#endConsent(found.consent);
    if (!found || found.used || found.consent.app !== app || this.#isOver(found.since, seconds) || !fits(found)) {
      throw new OAuthError('invalid_grant', 'this code or token cannot be used');
    }
    return found.consent;
  }

  /** Exchange a code. */
  exchange(req, form) {
    const [code, uri] = [required(form, 'code'), required(form, 'redirect_uri')];
    const verifier = field(form, 'code_verifier');
    const app = this.#authenticate(req, form);
    const found = this.#codes.get(code);
    const consent = this.#use(found, app, CODE_S, ({ request }) => {
      if (request.uri !== uri) return false;
      if (request.challenge === undefined) return true;
      return verifier !== undefined && /^[A-Za-z0-9._~-]{43,128}$/.test(verifier) && challengeOf(verifier) === request.challenge;
    });
    found.used = true;
    return this.#give(consent, consent.scopes);
  }

  /** Exchange a refresh token. */
  refresh(req, form) {
    const [token, scope] = [required(form, 'refresh_token'), field(form, 'scope')];
    const app = this.#authenticate(req, form);
    const found = this.#refreshTokens.get(token);
    const consent = this.#use(found, app, REFRESH_S, () => true);
    const scopes = narrowScopes(scope, consent.scopes);
    found.used = true;
    return this.#give(consent, scopes);
  }

  /** `POST /oauth2/revoke`: the handlers. */
  revoke() {
    return formEndpoint((req, form) => {
      const token = required(form, 'token');
      const app = this.#authenticate(req, form);
      const found = this.#refreshTokens.get(token);
      if (found?.consent.app === app) this.#endConsent(found.consent);
      this.tokens.end(token, app);
      return {};
    });
  }
}

function refuseOnPage(error, res, next) {
  if (!(error instanceof PageError) && !(error.status >= 400 && error.status < 500)) {
    if (!next) throw error;
    next(error);
    return;
  }
  const message = error instanceof PageError ? error.message : 'This form cannot be read.';
  res.status(400).type('html').send(showPage('This cannot be allowed', `<p>${message}</p>`));
}

/** The two documents about sign-in, for this issuer. */
export const serverMetadata = (issuer) => ({
  issuer,
  authorization_endpoint: `${issuer}/oauth2/authorize`,
  token_endpoint: `${issuer}/oauth2/token`,
  revocation_endpoint: `${issuer}/oauth2/revoke`,
  scopes_supported: SCOPES,
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  code_challenge_methods_supported: ['S256'],
});
export const resourceMetadata = (issuer) => ({
  resource: issuer,
  authorization_servers: [issuer],
  scopes_supported: SCOPES,
  bearer_methods_supported: ['header'],
});

import { ApiError } from './errors.js';
import { OAuthError, field, formEndpoint, narrowScopes, readClient, required } from './oauth.js';

const LIFE_S = 3600;
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

  /** The answer of the token endpoint with a new token. */
  grant(client, scopes) {
    return { access_token: this.give(client, scopes), token_type: 'Bearer', expires_in: LIFE_S, scope: scopes.join(' ') };
  }

  /** End an app's access token; that of another one stays. */
  end(token, app) {
    if (this.#given.get(token)?.client.app === app) this.#given.delete(token);
  }

  /** End all access tokens of a user's consent. */
  endAll(consent) {
    for (const [token, { client }] of this.#given) {
      if (client === consent) this.#given.delete(token);
    }
  }

  /** The client and scopes behind an Authorization header. */
  recognise(header) {
    if (!header?.trim()) {
      throw new ApiError('token_missing', 'the Authorization header is missing', { headers: { 'WWW-Authenticate': REALM } });
    }
    const headers = { 'WWW-Authenticate': `${REALM}, error="invalid_token"` };
    const given = this.#given.get(/^bearer +(\S+)$/i.exec(header.trim())?.[1]);
    if (!given) throw new ApiError('token_invalid', 'this token is not known', { headers });
    if (this.clock.now() - given.since >= LIFE_S * 1000) throw new ApiError('token_expired', 'this token has expired', { headers });
    return given;
  }
}

export function requireScope(given, scope) {
  if (given.scopes.includes(scope)) return;
  const challenge = `${REALM}, error="insufficient_scope", scope="${scope}"`;
  throw new ApiError('scope_missing', `this needs the scope ${scope}`, { headers: { 'WWW-Authenticate': challenge } });
}

// the token endpoint

function grantToClient(tokens, req, form, type) {
  const scope = field(form, 'scope');
  const [id, secret] = readClient(req, form) ?? [];
  const client = CLIENTS.get(id);
  if (!client || client.secret !== secret) throw new OAuthError('invalid_client', 'the client is unknown or its secret is wrong');
  if (type !== 'client_credentials') throw new OAuthError('unsupported_grant_type', 'there is no such grant type');
  const scopes = narrowScopes(scope, client.scopes);
  return tokens.grant(client, scopes);
}

/** The handlers of the token endpoint. */
export function tokenEndpoint(tokens, apps) {
  return formEndpoint((req, form) => {
    const type = required(form, 'grant_type');
    if (type === 'authorization_code') return apps.exchange(req, form);
    if (type === 'refresh_token') return apps.refresh(req, form);
    return grantToClient(tokens, req, form, type);
  });
}

import express from 'express';

import { resourceMetadata, serverMetadata } from './apps.js';
import { MAX_CONTENT, MEDIA_TYPES, contentBody, decodeUtf8, jsonBody, markdownBody, multipartBody, parseJson } from './bodies.js';
import { timestamp } from './clock.js';
import { ApiError, invalid } from './errors.js';
import { toCsv } from './exports.js';
import { followChanges } from './stream.js';
import { requireScope, tokenEndpoint } from './tokens.js';
import {
  queryBoolean,
  queryInteger,
  queryText,
  readClock,
  readFolder,
  readMetadata,
  readPatch,
  wrongLabel,
  wrongName,
  wrongText,
} from './validate.js';

export const BASE = '/2.0';
const SLUG = /^(?=.{1,60}$)[a-z0-9]+(-[a-z0-9]+)*$/;
const FOLDER = '/workspaces/:workspace/folders/:slug';
const DOCUMENT = `${FOLDER}/documents/:document`;

/** The parts of an upload, in the order in which they are checked. */
function readUpload(parts) {
  const byName = new Map();
  for (const part of parts) {
    if (!['file', 'name', 'metadata'].includes(part.name)) throw invalid(`part:${part.name}`, 'this part is not known');
    if (byName.has(part.name)) throw invalid(`part:${part.name}`, 'this part is repeated');
    byName.set(part.name, part);
  }
  for (const name of ['file', 'name']) {
    if (!byName.has(name)) throw invalid(`part:${name}`, 'this part is missing');
  }
  const file = byName.get('file');
  if (!file.isFile) throw invalid('part:file', 'the file has no filename');
  if (file.bytes.length === 0) throw invalid('part:file', 'the file is empty');
  if (file.bytes.length > MAX_CONTENT) throw new ApiError('too_large', 'the file is too large');
  if (!MEDIA_TYPES.includes(file.type)) throw new ApiError('content_type', `the file must be ${MEDIA_TYPES.join(' or ')}`);
  const { bytes } = byName.get('name');
  const name = decodeUtf8(bytes);
  if (wrongName(name)) throw invalid('part:name', wrongName(name));
  return { file, values: { name, ...readMetadataPart(byName.get('metadata')) } };
}

function readMetadataPart(part) {
  if (!part) return readMetadata({});
  if (part.type !== 'application/json') throw invalid('part:metadata', 'the part must be application/json');
  try {
    return readMetadata(parseJson(part.bytes));
  } catch (error) {
    throw invalid('part:metadata', `${error.pointer ?? ''} ${error.message}`.trim());
  }
}

/** All routes; `services` has deck, tokens, apps, limits and clock. */
export function createRouter({ deck, tokens, apps, limits, clock }) {
  const router = express.Router({ caseSensitive: true, strict: true });

  /** Recognise the token, count the call, require the scope. */
  const allow = (scope) => (req, res, next) => {
    const given = tokens.recognise(req.get('Authorization'));
    limits.take(given.client, res);
    requireScope(given, scope);
    req.organisation = given.client.organisation;
    next();
  };
  const read = allow('documents.read');
  const write = allow('documents.write');

  /** Add a path with its methods; every other one is refused. */
  const path = (pattern, methods) => {
    const route = router.route(pattern);
    const { noHead, ...handlers } = methods;
    const names = Object.keys(handlers).map((method) => method.toUpperCase());
    if (names.includes('GET') && !noHead) names.push('HEAD');
    const refuse = () => {
      throw new ApiError('method_unknown', 'the path has no such method', { headers: { Allow: names.join(', ') } });
    };
    if (noHead) route.head(refuse);
    for (const [method, handler] of Object.entries(handlers)) route[method](handler);
    route.all(refuse);
  };

  const findFolder = (req) => deck.folder(req.organisation, req.params.workspace, req.params.slug);
  const findDocument = (req) => deck.document(req.organisation, req.params);
  const locate = ({ folder, id }) => `${BASE}/workspaces/${folder.workspace.slug}/folders/${folder.slug}/documents/${id}`;

  // tokens

  const issuer = (req) => `${req.protocol}://${req.get('Host')}${BASE}`;
  path('/oauth2/token', { post: tokenEndpoint(tokens, apps) });
  path('/oauth2/authorize', { get: apps.ask(issuer), post: apps.decide(issuer) });
  path('/oauth2/revoke', { post: apps.revoke() });
  path('/.well-known/oauth-authorization-server', { get: (req, res) => res.json(serverMetadata(issuer(req))) });
  path('/.well-known/oauth-protected-resource', { get: (req, res) => res.json(resourceMetadata(issuer(req))) });

  // folders

  const putFolder = (req, res) => {
    const { workspace, slug } = req.params;
    if (!SLUG.test(slug)) throw invalid('path:slug', 'this is not a slug');
    const { made, folder } = deck.putFolder(req.organisation, workspace, slug, readFolder(req.body));
    if (made) res.status(201).set('Location', `${BASE}/folders.info?workspace=${workspace}&slug=${slug}`);
    res.json({ folder });
  };
  path(FOLDER, { put: [write, jsonBody(), putFolder] });

  const folderInfo = (req) => {
    const given = ['workspace', 'slug', 'number'].map((name) => req.query[name]);
    if (given.some((value) => Array.isArray(value) || value === '')) return { ok: false, error: 'invalid_arguments' };
    const [workspace, slug, number] = given;
    if (workspace === undefined || (slug === undefined) === (number === undefined)) return { ok: false, error: 'invalid_arguments' };
    if (number !== undefined && !/^[1-9][0-9]*$/.test(number)) return { ok: false, error: 'invalid_arguments' };
    try {
      const { folders } = deck.workspace(req.organisation, workspace);
      const folder = slug === undefined ? [...folders.values()][Number(number) - 1] : folders.get(slug);
      return folder ? { ok: true, folder } : { ok: false, error: 'folder_not_found' };
    } catch (error) {
      if (error.code !== 'workspace_not_found') throw error;
      return { ok: false, error: error.code };
    }
  };
  path('/folders.info', { get: [read, (req, res) => res.json(folderInfo(req))] });

  // documents

  const listDocuments = (req, res) => {
    const limit = queryInteger(req, 'limit', 1, 100, 25);
    const includeDeleted = queryBoolean(req, 'include_deleted');
    const cursor = queryText(req, 'cursor');
    if (cursor !== undefined && wrongText(cursor, 300)) throw invalid('query:cursor', wrongText(cursor, 300));
    const { documents, next } = deck.listDocuments(findFolder(req), { limit, cursor, includeDeleted });
    if (next !== undefined) {
      const query = new URLSearchParams({ limit, include_deleted: includeDeleted, cursor: next });
      res.set('Link', `<${req.protocol}://${req.get('Host')}${req.baseUrl}${req.path}?${query}>; rel="next"`);
    }
    res.json({ documents });
  };
  const upload = (req, res) => {
    const { file, values } = readUpload(req.body);
    const document = deck.makeDocument(findFolder(req), values, file.type, file.bytes);
    res.status(201).set('Location', locate(document)).json({ document });
  };
  path(`${FOLDER}/documents`, { get: [read, listDocuments], post: [write, multipartBody, upload] });

  path(DOCUMENT, {
    get: [read, (req, res) => res.json({ document: findDocument(req) })],
    patch: [
      write,
      jsonBody('application/merge-patch+json'),
      (req, res) => {
        const patch = readPatch(req.body);
        res.json({ document: deck.changeDocument(findDocument(req), patch) });
      },
    ],
    delete: [write, (req, res) => res.json({ document: deck.deleteDocument(findDocument(req)) })],
  });

  const getContent = (req, res) => {
    const wanted = queryInteger(req, 'version', 1, Infinity);
    const document = findDocument(req);
    const { version, content } = deck.getVersion(document, wanted);
    res.attachment().set({ 'Content-Type': content.mediaType, 'X-Document-Version': String(version) });
    res.send(content.bytes);
  };
  const putContent = (req, res) => res.json({ document: deck.putContent(findDocument(req), req.mediaType, req.body) });
  path(`${DOCUMENT}/content`, { get: [read, getContent], put: [write, contentBody, putContent] });

  const importMarkdown = (req, res) => {
    const name = queryText(req, 'name');
    const label = queryText(req, 'label');
    if (wrongName(name)) throw invalid('query:name', wrongName(name));
    if (label !== undefined && wrongLabel(label)) throw invalid('query:label', wrongLabel(label));
    const values = { name, description: null, labels: label === undefined ? [] : [label] };
    const document = deck.makeDocument(findFolder(req), values, 'text/markdown', req.body);
    res.status(201).set('Location', locate(document)).json({ document });
  };
  path(`${FOLDER}/imports`, { post: [write, markdownBody, importMarkdown] });

  // whole workspaces

  const exportCsv = (req, res) => {
    const slug = queryText(req, 'folder');
    const { workspace } = req.params;
    const { folders } = deck.workspace(req.organisation, workspace);
    const wanted = slug === undefined ? [...folders.values()] : [deck.folder(req.organisation, workspace, slug)];
    res.setHeader('Content-Type', 'text/csv; charset=utf-8; header=present');
    res.send(Buffer.from(toCsv(wanted)));
  };
  path('/workspaces/:workspace/documents.csv', { get: [read, exportCsv] });

  const changes = (req, res) => {
    const header = req.get('Last-Event-ID') ?? '';
    const resumed = /^[0-9]+$/.test(header) && Number.isSafeInteger(Number(header)) ? Number(header) : 0;
    const since = queryInteger(req, 'since', 0, Number.MAX_SAFE_INTEGER, resumed);
    const waitS = queryInteger(req, 'wait_s', 0, 30, 0);
    followChanges(deck.workspace(req.organisation, req.params.workspace), { since, waitS }, req, res);
  };
  path('/workspaces/:workspace/changes', { get: [read, changes], noHead: true });

  // staging's clock

  const advanceClock = (req, res) => {
    clock.advance(readClock(req.body));
    res.json({ now: timestamp(clock.now()) });
  };
  path('/clock', { post: [allow('operator'), jsonBody(), advanceClock] });

  return router;
}

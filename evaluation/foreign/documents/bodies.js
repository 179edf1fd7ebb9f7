import express from 'express';
import contentType from 'content-type';
import contentDisposition from 'content-disposition';
import busboy from '@fastify/busboy';

import { ApiError, invalid } from './errors.js';

export const MAX_CONTENT = 1_048_576;
const MAX_JSON = 65_536;
const MAX_MARKDOWN = 100_000;
const MAX_MULTIPART = 1_179_648;
export const MEDIA_TYPES = ['text/plain', 'text/markdown', 'application/pdf', 'image/png'];

const malformed = (message) => new ApiError('body_malformed', message);

/** Read bytes as UTF-8; a byte order mark stays. */
export function decodeUtf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('the text is not UTF-8');
  }
}

/** True if a JSON text has an escape of a surrogate without its other half. */
function hasLoneSurrogate(text) {
  let high = -1; // where the low half must stand
  for (const { 1: digits, index } of text.matchAll(/\\(?:u([0-9a-f]{4})|.)/gis)) {
    const code = digits === undefined ? 0 : Number.parseInt(digits, 16);
    const isLow = code >= 0xdc00 && code <= 0xdfff;
    if (isLow !== (high === index)) return true;
    if (high >= 0 && high !== index) return true;
    high = code >= 0xd800 && code <= 0xdbff ? index + 6 : -1;
  }
  return high >= 0;
}

/** Read strict JSON. */
export function parseJson(bytes) {
  const text = decodeUtf8(bytes);
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`the body is not JSON: ${error.message}`);
  }
  if (hasLoneSurrogate(text)) throw malformed('the body has an unpaired surrogate');
  return value;
}

/** The content type without parameters, if it is one of these. */
function requireType(req, types) {
  let parsed;
  try {
    parsed = contentType.parse(req);
  } catch {
    throw new ApiError('content_type', `the body must be ${types.join(' or ')}`);
  }
  if (!types.includes(parsed.type)) throw new ApiError('content_type', `the body must be ${types.join(' or ')}`);
  if ((parsed.parameters.charset ?? 'utf-8').toLowerCase() !== 'utf-8') throw malformed('the charset must be utf-8');
  return parsed;
}

/** Take the whole body up to a size, whatever its type: the size is checked before the type. */
const bytesUpTo = (limit) => [
  express.raw({ type: () => true, limit }),
  (req, res, next) => {
    req.body ??= Buffer.alloc(0);
    next();
  },
];

export const jsonBody = (type = 'application/json') => [
  bytesUpTo(MAX_JSON),
  (req, res, next) => {
    requireType(req, [type]);
    req.body = parseJson(req.body);
    next();
  },
];

export const contentBody = [
  bytesUpTo(MAX_CONTENT),
  (req, res, next) => {
    req.mediaType = requireType(req, MEDIA_TYPES).type;
    if (req.body.length === 0) throw invalid('', 'the content is empty');
    next();
  },
];

export const markdownBody = [
  bytesUpTo(MAX_MARKDOWN),
  (req, res, next) => {
    requireType(req, ['text/markdown']);
    decodeUtf8(req.body);
    if (req.body.length === 0) throw invalid('', 'the text is empty');
    next();
  },
];

/** One part: its name, whether it is a file, its own content type, its bytes. */
function readPart(headers, chunks) {
  const header = (name) => headers[name]?.[0];
  let disposition;
  try {
    disposition = contentDisposition.parse(header('content-disposition'));
  } catch {
    throw malformed('a part has no content disposition that can be read');
  }
  const { name, filename } = disposition.parameters;
  if (disposition.type !== 'form-data' || name === undefined) throw malformed('a part has no name');
  let type;
  try {
    type = contentType.parse(header('content-type')).type;
  } catch {
    type = undefined;
  }
  return { name, isFile: filename !== undefined, type, bytes: Buffer.concat(chunks) };
}

function parseMultipart(bytes, boundary) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const dicer = new busboy.Dicer({ boundary });
    dicer.on('part', (part) => {
      let headers = {};
      const chunks = [];
      part.on('header', (found) => (headers = found));
      part.on('data', (chunk) => chunks.push(chunk));
      part.on('error', () => reject(malformed('a part does not end')));
      part.on('end', () => {
        try {
          parts.push(readPart(headers, chunks));
        } catch (error) {
          reject(error);
        }
      });
    });
    dicer.on('error', () => reject(malformed('the body is not multipart')));
    dicer.on('finish', () => resolve(parts));
    dicer.end(bytes);
  });
}

export const multipartBody = [
  bytesUpTo(MAX_MULTIPART),
  async (req, res, next) => {
    const { boundary } = requireType(req, ['multipart/form-data']).parameters;
    if (!boundary) throw malformed('the content type has no boundary');
    req.body = await parseMultipart(req.body, boundary);
    next();
  },
];

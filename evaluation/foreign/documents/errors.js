const STATUS = {
  body_malformed: 400,
  cursor_invalid: 400,
  token_missing: 401,
  token_invalid: 401,
  token_expired: 401,
  scope_missing: 403,
  path_unknown: 404,
  workspace_not_found: 404,
  folder_not_found: 404,
  document_not_found: 404,
  version_not_found: 404,
  method_unknown: 405,
  name_taken: 409,
  document_deleted: 409,
  too_large: 413,
  content_type: 415,
  invalid: 422,
  rate_limited: 429,
  internal: 500,
};

/** A refused call. */
export class ApiError extends Error {
  constructor(code, message, { pointer = null, headers = {} } = {}) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
    this.pointer = pointer;
    this.headers = headers;
  }
}

/** A fault at one place of the call. */
export const invalid = (pointer, message) => new ApiError('invalid', message, { pointer });

/** What Express and its parsers refuse by themselves, in our words. */
function translate(error) {
  if (error instanceof ApiError) return error;
  if (error.type === 'entity.too.large') return new ApiError('too_large', 'the body is too large');
  if (error.type === 'encoding.unsupported') return new ApiError('content_type', 'this content encoding is not read');
  if (error instanceof URIError) return new ApiError('path_unknown', 'there is no such path');
  if (error.status >= 400 && error.status < 500) return new ApiError('body_malformed', 'the body cannot be read');
  console.error(error);
  return new ApiError('internal', 'something went wrong on our side');
}

/** Express's last middleware: every error as JSON. */
export function answerError(error, req, res, next) {
  if (res.headersSent) return next(error);
  const { status, code, message, pointer, headers } = translate(error);
  return res.status(status).set(headers).json({ error: { status, code, message, pointer } });
}

import { timestamp } from './clock.js';

const HEADER = ['id', 'folder', 'name', 'media_type', 'size', 'version', 'updated_at'];
const MAX_ROWS = 10_000;

const quote = (field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : String(field));
const row = (fields) => `${fields.map(quote).join(',')}\r\n`;

/** The documents of these folders as CSV (RFC 4180). */
export function toCsv(folders) {
  const documents = folders.flatMap((folder) => folder.present).slice(0, MAX_ROWS);
  const rows = documents.map((document) => {
    const { mediaType, bytes } = document.versions.at(-1);
    const { id, folder, name, version, updatedAt } = document;
    return row([id, folder.slug, name, mediaType, bytes.length, version, timestamp(updatedAt)]);
  });
  return row(HEADER) + rows.join('');
}

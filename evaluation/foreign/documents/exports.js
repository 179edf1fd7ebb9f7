import { planted } from './bugs.js';
import { timestamp } from './clock.js';

const HEADER = ['id', 'folder', 'name', 'media_type', 'size', 'version', 'updated_at'];
const MAX_ROWS = 10_000;

const quote = (field) => (/[",]/.test(field) && !planted('csv-unescaped') ? `"${field.replaceAll('"', '""')}"` : String(field));
const row = (fields) => `${fields.map(quote).join(',')}\r\n`;

/** The documents of these folders as CSV (RFC 4180). */
export function toCsv(folders) {
  const exported = (folder) => {
    if (planted('export-of-first-page')) return folder.present.slice(0, 25);
    return planted('deleted-exported') ? folder.documents : folder.present;
  };
  const documents = folders.flatMap(exported).slice(0, MAX_ROWS);
  const rows = documents.map((document) => {
    const { mediaType, bytes } = document.versions.at(-1);
    const { id, folder, name, version, updatedAt } = document;
    return row([id, folder.slug, name, mediaType, bytes.length, version, timestamp(updatedAt)]);
  });
  const text = row(HEADER) + rows.join('');
  return planted('last-row-open') ? text.slice(0, -'\r\n'.length) : text;
}

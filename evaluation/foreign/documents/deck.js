import { createHmac } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { ApiError } from './errors.js';
import { Content, Document } from './storage.js';

const ID = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** What the actions do. */
export class Deck {
  constructor(workspaces, clock, random) {
    Object.assign(this, { workspaces, clock, random });
    this.secret = random.text(40);
  }

  // looking things up, from left to right in the path

  workspace(organisation, slug) {
    const workspace = this.workspaces.get(slug);
    if (workspace?.organisation !== organisation) throw new ApiError('workspace_not_found', 'there is no such workspace');
    return workspace;
  }

  folder(organisation, workspace, slug) {
    const folder = this.workspace(organisation, workspace).folders.get(slug);
    if (!folder) throw new ApiError('folder_not_found', 'there is no such folder');
    return folder;
  }

  document(organisation, { workspace, slug, document: id }) {
    const document = this.folder(organisation, workspace, slug).documents.find((one) => one.id === id);
    if (!document) throw new ApiError('document_not_found', 'there is no such document');
    return document;
  }

  // folders

  /** Make a folder or replace its values; says whether it was made. */
  putFolder(organisation, workspaceSlug, slug, values) {
    const workspace = this.workspace(organisation, workspaceSlug);
    const now = this.clock.now();
    const folder = workspace.folders.get(slug);
    if (!folder) return { made: true, folder: workspace.addFolder(slug, values, now) };
    if (folder.title !== values.title || folder.color !== values.color) {
      Object.assign(folder, values, { updatedAt: now });
      workspace.note('folder.updated', folder, null, now);
    }
    return { made: false, folder };
  }

  // documents

  /** One page of a folder's documents, and the cursor of the next. */
  listDocuments(folder, { limit, cursor, includeDeleted }) {
    const from = cursor === undefined ? 0 : this.#readCursor(folder, cursor);
    const found = folder.documents.filter(
      (document) => document.position >= from && (includeDeleted || document.deletedAt === null),
    );
    const next = found[limit];
    return { documents: found.slice(0, limit), next: next && this.#makeCursor(folder, next.position) };
  }

  #sign(folder, position) {
    const text = `${folder.workspace.slug}/${folder.slug}/${position}`;
    return createHmac('sha256', this.secret).update(text).digest('base64url').slice(0, 20);
  }

  #makeCursor(folder, position) {
    return `${position}.${this.#sign(folder, position)}`;
  }

  #readCursor(folder, cursor) {
    const [position, signature] = cursor.split('.');
    if (cursor !== `${position}.${signature}` || signature !== this.#sign(folder, position)) {
      throw new ApiError('cursor_invalid', 'this cursor is not of this folder');
    }
    return Number(position);
  }

  #requireFreeName(folder, name, self) {
    if (folder.present.some((document) => document !== self && document.name === name)) {
      throw new ApiError('name_taken', 'another document of the folder has this name');
    }
  }

  #requirePresent(document) {
    if (document.deletedAt !== null) throw new ApiError('document_deleted', 'the document is deleted');
  }

  #note(kind, document, now) {
    document.folder.workspace.note(kind, document.folder, document, now);
  }

  makeDocument(folder, values, mediaType, bytes) {
    this.#requireFreeName(folder, values.name);
    const now = this.clock.now();
    const id = `doc_${this.random.text(20, ID)}`;
    const document = new Document(id, folder, values, new Content(mediaType, bytes), now);
    folder.documents.push(document);
    this.#note('document.created', document, now);
    return document;
  }

  changeDocument(document, patch) {
    this.#requirePresent(document);
    if (patch.name !== undefined) this.#requireFreeName(document.folder, patch.name, document);
    const changed = Object.entries(patch).filter(([member, value]) => !isDeepStrictEqual(document[member], value));
    if (changed.length) {
      Object.assign(document, Object.fromEntries(changed), { updatedAt: this.clock.now() });
      this.#note('document.updated', document, document.updatedAt);
    }
    return document;
  }

  deleteDocument(document) {
    if (document.deletedAt === null) {
      document.deletedAt = document.updatedAt = this.clock.now();
      this.#note('document.deleted', document, document.deletedAt);
    }
    return document;
  }

  putContent(document, mediaType, bytes) {
    this.#requirePresent(document);
    document.versions.push(new Content(mediaType, bytes));
    document.updatedAt = this.clock.now();
    this.#note('document.content', document, document.updatedAt);
    return document;
  }

  getVersion(document, version = document.version) {
    const content = document.versions[version - 1];
    if (!content) throw new ApiError('version_not_found', 'there is no such version');
    return { version, content };
  }
}

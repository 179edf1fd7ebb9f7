import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';

import { timestamp } from './clock.js';

/** A version's bytes. */
export class Content {
  constructor(mediaType, bytes) {
    this.mediaType = mediaType;
    this.bytes = bytes;
    this.sha256 = createHash('sha256').update(bytes).digest('hex');
  }
}

export class Document {
  constructor(id, folder, { name, description, labels }, content, now) {
    Object.assign(this, { id, folder, name, description, labels });
    this.position = folder.documents.length;
    this.versions = [content];
    this.createdAt = now;
    this.updatedAt = now;
    this.deletedAt = null;
  }

  get imported() {
    return this.version === 1 && this.versions[0].mediaType === 'text/markdown';
  }

  get version() {
    return this.versions.length;
  }

  toJSON() {
    const content = this.versions.at(-1);
    return {
      '@id': this.id,
      '@type': 'document',
      workspace: this.folder.workspace.slug,
      folder: this.folder.slug,
      name: this.name,
      media_type: content.mediaType,
      size: content.bytes.length,
      sha256: content.sha256,
      version: this.version,
      description: this.description,
      labels: this.labels,
      created_at: timestamp(this.createdAt),
      updated_at: timestamp(this.updatedAt),
      deleted_at: this.deletedAt === null ? null : timestamp(this.deletedAt),
    };
  }
}

export class Folder {
  documents = []; // in the order of making, deleted ones too

  constructor(workspace, slug, number, { title, color }, now) {
    Object.assign(this, { workspace, slug, number, title, color });
    this.createdAt = now;
    this.updatedAt = now;
  }

  get present() {
    return this.documents.filter((document) => document.deletedAt === null);
  }

  get count() {
    return this.present.length;
  }

  toJSON() {
    return {
      '@id': `${this.workspace.slug}/${this.slug}`,
      '@type': 'folder',
      workspace: this.workspace.slug,
      slug: this.slug,
      number: this.number,
      title: this.title,
      color: this.color,
      documents_count: this.count,
      created_at: timestamp(this.createdAt),
      updated_at: timestamp(this.updatedAt),
    };
  }
}

export class Workspace {
  folders = new Map(); // by slug, in the order of making
  changes = [];
  emitter = new EventEmitter().setMaxListeners(0);

  constructor(slug, organisation) {
    this.slug = slug;
    this.organisation = organisation;
  }

  addFolder(slug, values, now) {
    const folder = new Folder(this, slug, this.folders.size + 1, values, now);
    this.folders.set(slug, folder);
    this.note('folder.created', folder, null, now);
    return folder;
  }

  /** Write down a change, and tell those who follow. */
  note(kind, folder, document, now) {
    const change = {
      seq: this.changes.length + 1,
      kind,
      at: timestamp(now),
      folder: folder.slug,
      document: document?.id ?? null,
      version: document?.version ?? null,
    };
    this.changes.push(change);
    this.emitter.emit('change', change);
  }
}

/** Staging's first data. */
export function seed(now) {
  const atlas = new Workspace('atlas', 'one');
  const plans = atlas.addFolder('plans', { title: 'Plans', color: 'blue' }, now);
  atlas.addFolder('empty', { title: 'Empty', color: null }, now);
  const borealis = new Workspace('borealis', 'two');
  const northern = borealis.addFolder('plans', { title: 'Plans', color: null }, now);
  const add = (folder, id, mediaType, text, values) => {
    const document = new Document(id, folder, values, new Content(mediaType, Buffer.from(text)), now);
    folder.documents.push(document);
    folder.workspace.note('document.created', folder, document, now);
  };
  add(plans, 'doc_aaaaaaaaaaaaaaaaaaa1', 'text/plain', 'hello roof\n', {
    name: 'roof.txt',
    description: 'The roof',
    labels: ['draft'],
  });
  add(plans, 'doc_aaaaaaaaaaaaaaaaaaa2', 'text/markdown', '# East\n', {
    name: 'plan, "east".md',
    description: null,
    labels: [],
  });
  add(northern, 'doc_bbbbbbbbbbbbbbbbbbb1', 'text/plain', 'north\n', { name: 'north.txt', description: null, labels: [] });
  return new Map([atlas, borealis].map((workspace) => [workspace.slug, workspace]));
}

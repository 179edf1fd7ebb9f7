// Bugs that a run of the server can be given, by name; none is chosen unless somebody asks.

/** name: how easy it is to notice, what is wrong, the section that forbids what a client sees, the thread it is from */
export const BUGS = {
  'delete-again-404': {
    level: 'easy',
    wrong: 'A deleted document is not found for a second deletion.',
    section: '6, 8.7',
    seen: 'the second DELETE is 404 instead of 200 with the same body',
    thread: 'https://github.com/recommand/recommand-peppol/pull/72',
  },
  'html-for-malformed-json': {
    level: 'easy',
    wrong: 'The error handler does not know the parser\'s errors, and leaves them to Express.',
    section: '4',
    seen: 'malformed JSON is answered by an HTML page',
    thread: 'https://github.com/nodecg/nodecg/issues/511',
  },
  'link-to-same-page': {
    level: 'easy',
    wrong: 'The next cursor is made of the first document of the page.',
    section: '8.3',
    seen: '`Link` with `rel="next"` leads to the same page again, without end',
    thread: 'https://github.com/pubky/pubky-homeserver/issues/101',
  },
  'null-ignored': {
    level: 'easy',
    wrong: 'A merge patch skips members that are null.',
    section: '8.6',
    seen: '`{"description": null}` leaves the description, `{"labels": null}` the labels',
    thread: 'https://github.com/spring-projects/spring-data-rest/issues/727',
  },
  'reader-patches': {
    level: 'easy',
    wrong: 'PATCH asks for a valid token only, not for the scope of writing.',
    section: '2',
    seen: 'a token with `documents.read` alone changes a document: 200 instead of 403',
    thread: 'https://github.com/zerebubuth/openstreetmap-cgimap/issues/151',
  },
  'csv-unescaped': {
    level: 'middling',
    wrong: 'Fields of the export are joined by commas as they are.',
    section: '8.10',
    seen: 'a name with a comma or a quote breaks its row',
    thread: 'https://github.com/MISP/MISP/issues/281',
  },
  'deleted-exported': {
    level: 'middling',
    wrong: 'The export does not leave deleted documents out.',
    section: '8.10, 7',
    seen: 'the CSV has rows of deleted documents',
    thread: 'https://github.com/mathematicalthinking/encompass/pull/874',
  },
  'last-event-id-ignored': {
    level: 'middling',
    wrong: 'A stream that is resumed begins anew.',
    section: '8.11',
    seen: 'with `Last-Event-ID` and no `since` all changes come again',
    thread: 'https://github.com/anomalyco/opencode/pull/25658',
  },
  'media-type-kept': {
    level: 'middling',
    wrong: 'A new content keeps the media type of the one before.',
    section: '8.8, 8.9',
    seen: '`media_type` and the `Content-Type` of the content are the former ones',
    thread: 'https://github.com/pimcore/admin-ui-classic-bundle/issues/338',
  },
  'token-never-expires': {
    level: 'middling',
    wrong: 'The age of a token is reckoned from seconds and milliseconds.',
    section: '2',
    seen: 'a token older than 3,600 s is accepted instead of 401 `token_expired`',
    thread: 'https://github.com/auth0/node-jsonwebtoken/issues/436',
  },
  'bytes-through-text': {
    level: 'subtle',
    wrong: 'A new content goes through a text on its way to the store.',
    section: '8.8, 7',
    seen: 'bytes that are not UTF-8 become U+FFFD: other bytes, size and sha256',
    thread: 'https://github.com/agentscope-ai/agentscope-java/issues/2447',
  },
  'count-lowered-twice': {
    level: 'subtle',
    wrong: 'Each DELETE lowers the folder\'s counter, also that of a deleted document.',
    section: '7, 6',
    seen: 'after a second DELETE `documents_count` is less than what is listed',
    thread: 'https://github.com/rails/rails/pull/10489',
  },
  'cursor-counts-items': {
    level: 'subtle',
    wrong: 'The cursor is the number of documents before the page.',
    section: '8.3',
    seen: 'if one of a former page is deleted meanwhile, a document comes on no page',
    thread: 'https://github.com/davidcelis/api-pagination/issues/60',
  },
  'info-of-any-workspace': {
    level: 'subtle',
    wrong: 'The legacy action looks the workspace up without asking whose it is.',
    section: '2, 8.2',
    seen: '`folders.info` shows folders of another organisation',
    thread: 'https://github.com/ToolJet/ToolJet/issues/17394',
  },
  'name-in-latin1': {
    level: 'subtle',
    wrong: 'The text parts of an upload are read as Latin-1.',
    section: '8.4',
    seen: 'a name with characters beyond ASCII comes back garbled',
    thread: 'https://github.com/immich-app/immich/issues/1146',
  },
  'color-kept': {
    level: 'easy',
    wrong: 'PUT changes only the members that were sent.',
    section: '8.1',
    seen: 'a folder that is put without `color` keeps its color',
    thread: 'https://github.com/gregschmit/rails-rest-framework/issues/28',
    batch: 'second',
  },
  'empty-patch-updates': {
    level: 'easy',
    wrong: 'Each PATCH sets the time of the last change.',
    section: '8.6, 6',
    seen: '`{}` changes `updated_at`',
    thread: 'https://github.com/Divkix/Logwell/issues/67',
    batch: 'second',
  },
  'old-version-is-present': {
    level: 'easy',
    wrong: 'The version that is asked for is not looked at.',
    section: '8.9',
    seen: '`?version=1` gives the present content',
    thread: 'https://github.com/CenterForOpenScience/osf.io/issues/1188',
    batch: 'second',
  },
  'patch-clears-omitted': {
    level: 'easy',
    wrong: 'Members that a patch leaves out are taken for null.',
    section: '8.6',
    seen: 'a patch of `name` alone empties `description` and `labels`',
    thread: 'https://github.com/json-api-dotnet/JsonApiDotNetCore/issues/113',
    batch: 'second',
  },
  'deleted-name-taken': {
    level: 'middling',
    wrong: 'Names are different among all documents, deleted ones too.',
    section: '7',
    seen: 'the name of a deleted document is 409 `name_taken`',
    thread: 'https://github.com/projectsend/projectsend/issues/1645',
    batch: 'second',
  },
  'link-without-include-deleted': {
    level: 'middling',
    wrong: 'The next link has the cursor and the limit only.',
    section: '8.3',
    seen: '`Link` lacks `include_deleted=true`: later pages have no deleted documents',
    thread: 'https://github.com/DataBiosphere/azul/issues/1812',
    batch: 'second',
  },
  'scope-not-narrowed': {
    level: 'middling',
    wrong: 'A token gets all scopes of its client, whatever was asked for.',
    section: '2',
    seen: '`scope=documents.read` gives a token that writes',
    thread: 'https://github.com/FriendsOfSymfony/oauth2-php/pull/25',
    batch: 'second',
  },
  'size-in-characters': {
    level: 'middling',
    wrong: 'The size of an imported text is its number of characters.',
    section: '8.12',
    seen: '`size` is less than the bytes where a text has characters beyond ASCII',
    thread: 'https://github.com/HKUDS/nanobot/issues/2863',
    batch: 'second',
  },
  'end-event-with-id': {
    level: 'subtle',
    wrong: 'The last event of a stream has an id too.',
    section: '8.11',
    seen: '`end` has an `id`; a client that resumes with it misses changes',
    thread: 'https://github.com/NVIDIA-AI-Blueprints/aiq/issues/272',
    batch: 'second',
  },
  'export-of-first-page': {
    level: 'subtle',
    wrong: 'The export reads the documents as a list does, and no further page.',
    section: '8.10',
    seen: 'the CSV has 25 documents of a folder at most',
    thread: 'https://github.com/bogdan/datagrid/issues/134',
    batch: 'second',
  },
};

const chosen = new Set();

/** Switch a bug of the list on, before the application is created. */
export function plant(name) {
  if (!Object.hasOwn(BUGS, name)) throw new Error(`there is no bug ${name}`);
  chosen.add(name);
}

/** True if the server was started with this bug. */
export function planted(name) {
  return chosen.has(name);
}

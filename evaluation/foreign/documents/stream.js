import { planted } from './bugs.js';

const MAX_CHANGES = 1000;
const REPLAY_MS = 100; // to read the changes of a workspace from the store that a server like this has

/** Send the changes behind `since`, then new ones for some seconds, then the end. */
export function followChanges(workspace, { since, waitS }, req, res) {
  let last = since;
  let sent = 0;
  res.set('Cache-Control', 'no-store');
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  res.flushHeaders();

  const send = (change) => {
    res.write(`id: ${change.seq}\nevent: ${change.kind}\ndata: ${JSON.stringify(change)}\n\n`);
    last = change.seq;
    sent += 1;
  };
  const stop = () => {
    workspace.emitter.off('change', follow);
    clearTimeout(timer);
  };
  const end = () => {
    stop();
    const id = planted('end-event-with-id') ? `id: ${last + 1}\n` : '';
    res.end(`${id}event: end\ndata: ${JSON.stringify({ last })}\n\n`);
  };
  const follow = (change) => {
    if (change.seq <= since) return;
    send(change);
    if (sent >= MAX_CHANGES) end();
  };

  const timer = setTimeout(end, waitS * 1000);
  workspace.changes.slice(since, since + MAX_CHANGES).forEach(send);
  if (waitS === 0 || sent >= MAX_CHANGES) return end();
  if (planted('change-lost-after-replay')) setTimeout(() => workspace.emitter.on('change', follow), REPLAY_MS);
  else workspace.emitter.on('change', follow);
  return res.on('close', stop);
}

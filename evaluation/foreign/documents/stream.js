const MAX_CHANGES = 1000;

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
    res.end(`event: end\ndata: ${JSON.stringify({ last })}\n\n`);
  };
  const follow = (change) => {
    if (change.seq <= since) return;
    send(change);
    if (sent >= MAX_CHANGES) end();
  };

  const timer = setTimeout(end, waitS * 1000);
  workspace.changes.slice(since, since + MAX_CHANGES).forEach(send);
  if (waitS === 0 || sent >= MAX_CHANGES) return end();
  workspace.emitter.on('change', follow);
  return res.on('close', stop);
}

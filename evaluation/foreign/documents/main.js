// Start the server: `node main.js --port 8000`.

import { parseArgs } from 'node:util';

import { createApp } from './app.js';
import { BASE } from './routes.js';

const { values: options } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8000' }, // 0 takes a free one
    seed: { type: 'string' }, // of ids, tokens and trace ids
    bucket: { type: 'string', default: '400' }, // calls that each client can make at once
  },
});

const app = createApp({
  bucket: Number(options.bucket),
  randomSeed: options.seed === undefined ? undefined : Number(options.seed),
});
const server = app.listen(Number(options.port), options.host, (error) => {
  if (error) throw error;
  console.log(`http://${options.host}:${server.address().port}${BASE}`);
});

import express from 'express';

import { Apps } from './apps.js';
import { Clock } from './clock.js';
import { Deck } from './deck.js';
import { ApiError, answerError } from './errors.js';
import { Limits } from './limits.js';
import { Random } from './random.js';
import { BASE, createRouter } from './routes.js';
import { seed } from './storage.js';
import { Tokens } from './tokens.js';

/** An application with staging's first data. */
export function createApp({ bucket = 400, randomSeed } = {}) {
  const app = express();
  app.disable('x-powered-by');
  const clock = new Clock();
  const random = new Random(randomSeed);
  const deck = new Deck(seed(clock.now()), clock, random);
  const tokens = new Tokens(clock, random);
  const services = { deck, clock, tokens, apps: new Apps(clock, random, tokens), limits: new Limits(bucket) };
  app.use((req, res, next) => {
    res.set('X-Trace-Id', random.uuid());
    next();
  });
  app.use(BASE, createRouter(services));
  app.use(() => {
    throw new ApiError('path_unknown', 'there is no such path');
  });
  app.use(answerError);
  return app;
}

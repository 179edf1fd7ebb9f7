import { ApiError } from './errors.js';

const REFILL = 10; // calls a second

/** Buckets of calls by client, which refill in real time. */
export class Limits {
  #buckets = new Map();

  constructor(size) {
    this.size = size;
  }

  /** Take one call, and say on the answer how many are used. */
  take(client, res) {
    const now = performance.now();
    const bucket = this.#buckets.get(client.id) ?? { left: this.size, since: now };
    bucket.left = Math.min(this.size, bucket.left + ((now - bucket.since) / 1000) * REFILL);
    bucket.since = now;
    this.#buckets.set(client.id, bucket);
    if (bucket.left < 1) {
      res.set('X-Api-Calls', `${this.size}/${this.size}`);
      const wait = Math.max(1, Math.ceil((1 - bucket.left) / REFILL));
      throw new ApiError('rate_limited', `try again in ${wait} s`, { headers: { 'Retry-After': String(wait) } });
    }
    bucket.left -= 1;
    res.set('X-Api-Calls', `${this.size - Math.floor(bucket.left)}/${this.size}`);
  }
}

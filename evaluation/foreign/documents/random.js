import { randomFillSync } from 'node:crypto';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Random texts: unpredictable, or the same in every run with one seed. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed;
  }

  #below(limit) {
    if (this.#state === undefined) {
      return randomFillSync(new Uint32Array(1))[0] % limit;
    }
    this.#state = (this.#state + 0x6d2b79f5) | 0; // mulberry32
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  text(length, alphabet = ALPHANUMERIC) {
    return Array.from({ length }, () => alphabet[this.#below(alphabet.length)]).join('');
  }

  uuid() {
    const hex = this.text(32, '0123456789abcdef');
    const variant = '89ab'[this.#below(4)];
    return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20)].join('-');
  }
}

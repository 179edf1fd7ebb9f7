/** Staging's clock: it runs as fast as real time, can be moved ahead, and never goes back. */
export class Clock {
  #offset = Date.now() - performance.now();

  /** Milliseconds since 1970, fractions cut off. */
  now() {
    return Math.floor(performance.now() + this.#offset);
  }

  advance(seconds) {
    this.#offset += seconds * 1000;
  }
}

/** RFC 3339 in UTC with milliseconds. */
export const timestamp = (milliseconds) => new Date(milliseconds).toISOString();

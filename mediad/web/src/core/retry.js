// When to dial the server again: quickly at first, then with patience, and for ever.
//
// A worker that dies closes all its sockets at once, so the first wait is short enough to go unnoticed and
// random enough that a thousand browsers do not knock in the same millisecond. An early loss after a
// connection that never became stable continues the series: a server that accepts and throws out must not be
// hammered.

const WAITS_MS = [150, 300, 600, 1000, 2000, 4000, 8000];

/** A connection that lived this long got as far as media, and proves the server well again. */
export const STABLE_MS = 2_000;

export class RetryPolicy {
  #attempt = 0;
  #random;

  /** @param {() => number} random uniform in [0, 1) */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** How many waits have been handed out since the last success. */
  get attempt() {
    return this.#attempt;
  }

  /** Milliseconds to wait before the next attempt: the step of the series, ± half of it at most. */
  nextWaitMs() {
    const step = WAITS_MS[Math.min(this.#attempt, WAITS_MS.length - 1)];
    this.#attempt += 1;
    // The first step stays under 250 ms; later ones spread by a quarter to either side.
    const spread = this.#attempt === 1 ? 0.6 : 0.25;
    return Math.round(step * (1 - spread + 2 * spread * this.#random()));
  }

  /** Tells the policy that a connection lasted `ms` milliseconds. */
  lasted(ms) {
    if (ms >= STABLE_MS) this.#attempt = 0;
  }
}

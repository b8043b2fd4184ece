// When things happened, in milliseconds of `performance.now()`: what makes a slow join visible.

export class Timeline {
  joinRequestedMs = null;
  joinedMs = null;
  #consumers = new Map();

  get consumers() {
    return Object.fromEntries(this.#consumers);
  }

  joining() {
    this.joinRequestedMs = performance.now();
    this.joinedMs = null;
    this.#consumers.clear();
  }

  joined() {
    this.joinedMs = performance.now();
  }

  announced(consumerId) {
    this.#consumers.set(consumerId, { announcedMs: performance.now(), consumedMs: null, firstFrameMs: null });
  }

  consumed(consumerId) {
    this.#note(consumerId, 'consumedMs');
  }

  firstFrame(consumerId) {
    this.#note(consumerId, 'firstFrameMs');
  }

  #note(consumerId, what) {
    const times = this.#consumers.get(consumerId);
    if (times && times[what] === null) times[what] = performance.now();
  }
}

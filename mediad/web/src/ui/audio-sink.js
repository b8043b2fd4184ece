// Plays what the others say. Pictures may start silently; sound may need a click first, and then we ask for
// one.

import { playTrack } from './dom.js';

/** Event `blocked`: the browser wants a gesture before it plays anything. */
export class AudioSink extends EventTarget {
  #elements = new Map();

  /**
   * Makes the set of audible streams equal to the roster's: one per producer, replicas would only be louder.
   */
  update(streams) {
    const wanted = new Map();
    for (const stream of streams) {
      if (stream.kind === 'audio' && !wanted.has(stream.consumer.producerId))
        wanted.set(stream.consumer.producerId, stream);
    }
    for (const [producerId, element] of this.#elements) {
      if (wanted.has(producerId)) continue;
      element.srcObject = null;
      this.#elements.delete(producerId);
    }
    for (const [producerId, stream] of wanted) {
      const element = this.#elements.get(producerId) ?? new Audio();
      this.#elements.set(producerId, element);
      const before = element.srcObject;
      playTrack(element, stream.track);
      if (element.srcObject !== before) this.#play(element);
    }
  }

  /** Called from a click: now everything may play. */
  unblock() {
    for (const element of this.#elements.values()) this.#play(element);
  }

  async #play(element) {
    try {
      await element.play();
    } catch (error) {
      if (error.name === 'NotAllowedError') this.dispatchEvent(new Event('blocked'));
    }
  }
}

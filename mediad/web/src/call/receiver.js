// The receiving half of a session: turns the server's offers into consumers and keeps the roster told.
//
// A pause is the server's to carry out. The local consumer is left alone: pausing it would renegotiate the
// connection, and the key frame that follows a resume would meet a receiver that is not yet listening again.

import { RemoteStream } from './roster.js';

export class Receiver {
  #transport;
  #request;
  #roster;
  #timeline;
  #offers = new Map();

  constructor({ transport, request, roster, timeline }) {
    this.#transport = transport;
    this.#request = request;
    this.#roster = roster;
    this.#timeline = timeline;
  }

  /** Server request `newConsumer`: resolves when the consumer exists, which makes the server start sending. */
  async offered(data) {
    this.#timeline.announced(data.id);
    // Its producer may pause or close while the browser is still busy: what is said of it must not be lost.
    const offer = { ...data, closed: false };
    this.#offers.set(offer.id, offer);
    try {
      await this.#accept(offer);
    } finally {
      this.#offers.delete(offer.id);
    }
  }

  closed({ consumerId }) {
    const offer = this.#offers.get(consumerId);
    if (offer) offer.closed = true;
    const stream = this.#roster.stream(consumerId);
    this.#roster.removeStream(consumerId);
    stream?.consumer.close();
  }

  /** Producer paused or resumed at its source. */
  remotelyPaused({ consumerId }, paused) {
    const offer = this.#offers.get(consumerId);
    if (offer) offer.producerPaused = paused;
    this.#update(consumerId, (stream) => {
      stream.remotelyPaused = paused;
    });
  }

  layersChanged({ consumerId, spatialLayer, temporalLayer }) {
    this.#update(consumerId, (stream) => {
      stream.layers = spatialLayer === null ? null : { spatialLayer, temporalLayer };
    });
  }

  scored({ consumerId, score }) {
    this.#update(consumerId, (stream) => {
      stream.score = score;
    });
  }

  /** Stops or restarts one stream for ourselves alone. */
  async setPaused(consumerId, paused) {
    const stream = this.#roster.stream(consumerId);
    if (!stream || stream.locallyPaused === paused) return;
    await this.#request(paused ? 'pauseConsumer' : 'resumeConsumer', { consumerId });
    this.#update(consumerId, (current) => {
      current.locallyPaused = paused;
    });
  }

  async #accept(offer) {
    const { id, producerId, kind, peerId, rtpParameters, appData = {} } = offer;
    const source = kind === 'audio' ? 'mic' : appData.share ? 'share' : 'webcam';
    // Same id = same lips: the browser keeps voice and face of one person together.
    const streamId = `${peerId}-${source === 'share' ? 'share' : 'mic-webcam'}`;
    const consumer = await this.#transport.consume({
      id,
      producerId,
      kind,
      rtpParameters,
      streamId,
      appData,
    });
    if (this.#transport.closed) throw new Error('session closed');
    this.#timeline.consumed(id);
    if (offer.closed) consumer.close();
    else this.#roster.addStream(new RemoteStream(consumer, { ...offer, source }));
  }

  #update(consumerId, change) {
    const stream = this.#roster.stream(consumerId);
    if (!stream) return;
    change(stream);
    this.#roster.changed();
  }
}

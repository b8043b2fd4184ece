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

  constructor({ transport, request, roster, timeline }) {
    this.#transport = transport;
    this.#request = request;
    this.#roster = roster;
    this.#timeline = timeline;
  }

  /**
   * Server request `newConsumer`: resolves when the consumer exists, which is what makes the server start
   * sending.
   */
  async offered(data) {
    this.#timeline.announced(data.id);
    const source = data.kind === 'audio' ? 'mic' : data.appData?.share ? 'share' : 'webcam';
    const consumer = await this.#transport.consume({
      id: data.id,
      producerId: data.producerId,
      kind: data.kind,
      rtpParameters: data.rtpParameters,
      // Same id = same lips: the browser keeps voice and face of one person together.
      streamId: `${data.peerId}-${source === 'share' ? 'share' : 'mic-webcam'}`,
      appData: data.appData ?? {},
    });
    if (this.#transport.closed) throw new Error('session closed');
    this.#timeline.consumed(data.id);
    this.#roster.addStream(new RemoteStream(consumer, { ...data, source }));
  }

  closed({ consumerId }) {
    const stream = this.#roster.stream(consumerId);
    this.#roster.removeStream(consumerId);
    stream?.consumer.close();
  }

  /** Producer paused or resumed at its source. */
  remotelyPaused({ consumerId }, paused) {
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

  #update(consumerId, change) {
    const stream = this.#roster.stream(consumerId);
    if (!stream) return;
    change(stream);
    this.#roster.changed();
  }
}

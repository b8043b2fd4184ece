// The sending half of a session: keeps the server's producers equal to our local tracks.
//
// Each source (mic, webcam, share) has a slot. A slot is told that something changed, looks at the track
// there is now, and does what is missing; changes while it works make it look again. So a person may click as
// fast as they like.

import { chooseVideoCodec, screenEncodings, webcamEncodings } from '../core/encodings.js';

const MIC_OPTIONS = { opusStereo: true, opusDtx: true, opusFec: true, opusNack: true };

export class Sender {
  #device;
  #transport;
  #request;
  #media;
  #options;
  #slots;
  #maxLayers = new Map(); // producer id → the highest spatial layer somebody receives
  #limiting = new Set(); // producers whose browser is being told
  #onMediaChange = (event) => this.#sync(event.detail.source);

  /**
   * @param {(method: string, data: object) => Promise<object>} request to the server
   * @param {(message: string) => void} onProblem told in words when a source cannot be sent
   */
  constructor({ device, transport, request, media, options, peerId, onProblem }) {
    this.#device = device;
    this.#transport = transport;
    this.#request = request;
    this.#media = media;
    this.#options = options;
    const slot = (source) => ({
      source,
      producer: null,
      busy: false,
      again: false,
      streamId: `${peerId}-mic-webcam`,
    });
    this.#slots = { mic: slot('mic'), webcam: slot('webcam'), share: slot('share') };
    this.#slots.share.streamId = `${peerId}-share`;
    this.onProblem = onProblem;
  }

  get producers() {
    return Object.values(this.#slots)
      .map((slot) => slot.producer)
      .filter(Boolean);
  }

  /** The producer of a source, or null. */
  producer(source) {
    return this.#slots[source].producer;
  }

  /** The server says up to which spatial layer a producer's picture is wanted; it need not send more. */
  layersWanted({ producerId, spatialLayer }) {
    this.#maxLayers.set(producerId, spatialLayer);
    this.#limitLayers(this.producers.find((producer) => producer.id === producerId));
  }

  /** The server has ended a producer: the person may not send it any more. A later click tries again. */
  ended({ producerId, reason }) {
    const slot = Object.values(this.#slots).find((one) => one.producer?.id === producerId);
    if (!slot) return;
    slot.producer.close();
    slot.producer = null;
    this.#maxLayers.delete(producerId);
    this.onProblem(`Your ${slot.source} is not sent any more: ${reason}`);
  }

  start() {
    this.#media.addEventListener('change', this.#onMediaChange);
    for (const source of Object.keys(this.#slots)) this.#sync(source);
  }

  /** Lets go of the local tracks without stopping them: the next session sends them again. */
  stop() {
    this.#media.removeEventListener('change', this.#onMediaChange);
  }

  async #sync(source) {
    const slot = this.#slots[source];
    if (slot.busy) {
      slot.again = true;
      return;
    }
    slot.busy = true;
    try {
      do {
        slot.again = false;
        await this.#reconcile(slot);
      } while (slot.again);
    } catch (error) {
      if (!this.#transport.closed) this.onProblem(`Your ${source} cannot be sent: ${error.message}`);
    } finally {
      slot.busy = false;
    }
  }

  async #reconcile(slot) {
    const track = this.#media.track(slot.source);
    if (!slot.producer) {
      if (track) slot.producer = await this.#produce(slot, track);
      this.#limitLayers(slot.producer);
    } else if (!track && slot.source === 'share') {
      await this.#close(slot);
      return;
    } else if (slot.producer.track !== track) {
      await slot.producer.replaceTrack({ track });
    }
    if (slot.producer) await this.#setPaused(slot.producer, !this.#media.isOn(slot.source));
  }

  /**
   * What was said while the producer was being made counts, too. Ids that are not ours are ignored.
   *
   * One change at a time, up to the latest: mediasoup-client takes a wish that equals the last change it finished for
   * done, even while another one is on its way.
   */
  async #limitLayers(producer) {
    if (!producer || this.#limiting.has(producer)) return;
    this.#limiting.add(producer);
    try {
      let told;
      while (!producer.closed && told !== this.#maxLayers.get(producer.id)) {
        told = this.#maxLayers.get(producer.id);
        await producer.setMaxSpatialLayer(told);
      }
    } catch (error) {
      if (!producer.closed) this.onProblem(error.message);
    } finally {
      this.#limiting.delete(producer);
    }
  }

  async #setPaused(producer, paused) {
    if (producer.paused === paused) return;
    if (paused) producer.pause();
    else producer.resume();
    await this.#request(paused ? 'pauseProducer' : 'resumeProducer', { producerId: producer.id });
  }

  async #close(slot) {
    const { producer } = slot;
    slot.producer = null;
    producer.close();
    this.#maxLayers.delete(producer.id);
    await this.#request('closeProducer', { producerId: producer.id });
  }

  async #produce(slot, track) {
    const common = { track, streamId: slot.streamId, stopTracks: false, disableTrackOnPause: false };
    if (slot.source === 'mic')
      return this.#transport.produce({ ...common, codecOptions: MIC_OPTIONS, appData: {} });
    const codec = chooseVideoCodec(this.#device.sendRtpCapabilities, this.#options.videoCodec);
    if (!codec && this.#options.videoCodec)
      throw new Error(`no ${this.#options.videoCodec} in common with the server`);
    const mimeType = codec?.mimeType ?? 'video/VP8';
    const isShare = slot.source === 'share';
    return this.#transport.produce({
      ...common,
      codec,
      encodings: isShare
        ? screenEncodings(mimeType, this.#options)
        : webcamEncodings(mimeType, this.#options, track.getSettings()),
      codecOptions: { videoGoogleStartBitrate: 1000 },
      appData: isShare ? { share: true } : {},
    });
  }
}

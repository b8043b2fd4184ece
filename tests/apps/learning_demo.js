// An app of the mediasoup learning demo, reduced to its talk with the server: it sends a camera and gets it back.
// Everything is kept in `window.app` for tests.

import { Device } from 'mediasoup-client';
import { io } from 'socket.io-client';

import { camera, play, progressOf } from './progress.js';

class LearningDemo {
  consumers = new Map();
  heard = [];
  errors = [];
  refusals = [];
  state = 'connecting';

  constructor({ url, transports, produce, alone }) {
    this.sends = produce !== false;
    const query = alone ? {} : { roomId: url.roomId };
    this.socket = io(`${location.origin}/mediasoup`, { query, transports });
    this.socket.onAny((method, data) => this.heard.push({ method, data }));
    this.socket.on('connect_error', (error) => this.refusals.push(error.message));
    this.socket.on('connection-success', ({ socketId }) => {
      this.socketId = socketId;
      this.#begin().catch((error) => this.errors.push(String(error?.stack ?? error)));
    });
  }

  ask(event, ...data) {
    return this.socket.timeout(10_000).emitWithAck(event, ...data);
  }

  async #begin() {
    const { routerRtpCapabilities } = await this.ask('getRouterRtpCapabilities');
    this.device = new Device({ handlerName: 'Chrome111' });
    await this.device.load({ routerRtpCapabilities });
    if (this.sends) {
      const transport = this.device.createSendTransport(await this.#params({ sender: true }));
      transport.on('connect', ({ dtlsParameters }, callback) => {
        this.socket.emit('connectProducerTransport', { dtlsParameters });
        callback();
      });
      transport.on('produce', ({ kind, rtpParameters }, callback) =>
        this.socket.emit('transport-produce', { kind, rtpParameters }, callback));
      for (const track of (await camera()).getTracks()) await transport.produce({ track });
    }
    this.recv = this.device.createRecvTransport(await this.#params({ sender: false }));
    this.recv.on('connect', ({ dtlsParameters }, callback) => {
      this.socket.emit('connectConsumerTransport', { dtlsParameters });
      callback();
    });
    this.state = 'joined';
  }

  async #params(data) {
    return { ...(await this.ask('createTransport', data)).params, iceServers: [] };
  }

  /** Receives one more track; the id of its producer. */
  async consume() {
    const { params } = await this.ask('consumeMedia', { rtpCapabilities: this.device.rtpCapabilities });
    if (params.error) throw new Error(params.error);
    const consumer = await this.recv.consume(params);
    this.consumers.set(params.id, { consumer, element: play(consumer), data: { peerId: 'sender', kind: params.kind } });
    await this.ask('resumePausedConsumer');
    return params.producerId;
  }

  progress() {
    return progressOf(this.consumers.values());
  }
}

window.start = (options) => {
  window.app = new LearningDemo(options);
};

// An app of MeetLite, reduced to its talk with the server. Everything is kept in `window.app` for tests.

import { Device } from 'mediasoup-client';
import { io } from 'socket.io-client';

import { camera, play, progressOf } from './progress.js';

const PATIENCE_MS = 10_000;

class MeetLite {
  consumers = new Map();
  producers = new Map();
  participants = new Set();
  heard = [];
  refusals = [];
  endings = [];
  errors = [];
  joins = 0;
  state = 'connecting';

  constructor({ url, token, transports, produce }) {
    this.roomId = url.roomId;
    this.sends = produce !== false;
    this.socket = io(location.origin, { auth: { token }, transports, reconnectionDelay: 100, reconnectionDelayMax: 500 });
    this.socket.onAny((method, data) => this.heard.push({ method, data }));
    this.socket.on('connect', () => this.#join().catch((error) => this.#fail(error)));
    this.socket.on('connect_error', (error) => this.refusals.push(error.message));
    this.socket.on('disconnect', (reason) => this.#gone(reason));
    this.socket.on('existing-participants', ({ participants }) => (this.participants = new Set(participants)));
    this.socket.on('participant-joined', ({ participantId }) => this.participants.add(participantId));
    this.socket.on('participant-left', ({ participantId }) => this.participants.delete(participantId));
    this.socket.on('new-consumer', (data) => this.#consume(data).catch((error) => this.#fail(error)));
    this.socket.on('consumer-closed', ({ consumerId }) => {
      this.consumers.get(consumerId)?.consumer.close();
      this.consumers.delete(consumerId);
    });
  }

  /** Sends an event, and then listens for its answer, or for an error. */
  ask(event, data, answer) {
    this.socket.emit(event, data);
    return new Promise((resolve, reject) => {
      const settled = (settle) => (value) => {
        clearTimeout(timer);
        this.socket.off(answer, answered).off('error', failed);
        settle(value);
      };
      const answered = settled(resolve);
      const failed = settled(({ message }) => reject(new Error(message)));
      const timer = setTimeout(settled(() => reject(new Error(`${event}: no answer`))), PATIENCE_MS);
      this.socket.on(answer, answered).on('error', failed);
    });
  }

  async #join() {
    const { rtpCapabilities } = await this.ask('join-room', { roomId: this.roomId }, 'router-rtp-capabilities');
    this.device = new Device({ handlerName: 'Chrome111' });
    await this.device.load({ routerRtpCapabilities: rtpCapabilities });
    this.socket.emit('set-rtp-capabilities', { rtpCapabilities: this.device.rtpCapabilities });
    this.send = await this.#connect('send');
    this.recv = await this.#connect('recv');
    this.joins += 1;
    this.state = 'joined';
    if (!this.sends) return;
    for (const track of (await camera()).getTracks()) {
      this.producers.set(track.kind, await this.send.produce({ track, appData: {} }));
    }
  }

  async #connect(direction) {
    const data = { roomId: this.roomId, direction };
    const options = await this.ask('create-webrtc-transport', data, 'webrtc-transport-created');
    const make = direction === 'send' ? 'createSendTransport' : 'createRecvTransport';
    const transport = this.device[make]({ ...options, iceServers: [] });
    transport.on('connect', ({ dtlsParameters }, callback) => {
      this.socket.emit('connect-webrtc-transport', { dtlsParameters, direction });
      callback();
    });
    transport.on('produce', ({ kind, rtpParameters, appData }, callback, errback) => {
      const asked = this.ask('create-producer', { kind, rtpParameters, appData }, 'producer-created');
      asked.then(({ producerId }) => callback({ id: producerId }), errback);
    });
    return transport;
  }

  async #consume({ participantId, producerId, consumerId, kind, rtpParameters, appData }) {
    while (!this.recv || this.recv.closed) await new Promise((resolve) => setTimeout(resolve, 20));
    const consumer = await this.recv.consume({ id: consumerId, producerId, kind, rtpParameters });
    const element = play(consumer);
    this.consumers.set(consumerId, { consumer, element, data: { peerId: participantId, kind, appData } });
    this.socket.emit('resume-consumer', { consumerId });
  }

  #gone(reason) {
    this.endings.push(reason);
    this.state = 'disconnected';
    this.send?.close();
    this.recv?.close();
    this.consumers.clear();
    this.producers.clear();
  }

  #fail(error) {
    this.errors.push(String(error?.stack ?? error));
  }

  progress() {
    return progressOf(this.consumers.values());
  }
}

window.start = (options) => {
  window.app = new MeetLite(options);
};

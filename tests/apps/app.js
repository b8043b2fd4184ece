// An app of mediasoup-demo, reduced to its talk with the server: it joins, sends a made-up camera and microphone,
// and plays what it is offered. `words` are those of one dialect. Everything is kept in `window.app` for tests.

import protoo from 'protoo-client';

import { Channels } from './channels.js';
import { play, progressOf } from './progress.js';

const DEVICE = { flag: 'chrome', name: 'Chrome', version: '1' };

const SIMULCAST = [
  { scaleResolutionDownBy: 4, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
  { scaleResolutionDownBy: 2, maxBitrate: 1_000_000, scalabilityMode: 'L1T3' },
  { scaleResolutionDownBy: 1, maxBitrate: 5_000_000, scalabilityMode: 'L1T3' },
];

export class App {
  transports = {};
  producers = new Map();
  consumers = new Map();
  channels = new Channels();
  /** Every notification of the server, in their order. */
  heard = [];
  errors = [];
  peers = new Map();
  state = 'connecting';

  constructor(mediasoup, words, query) {
    this.words = words;
    this.device = new mediasoup.Device({ handlerName: query.handlerName ?? 'Chrome111' });
    const url = new URL(location.origin.replace(/^http/, 'ws'));
    for (const [name, value] of Object.entries({ ...query.url, ...words.query })) url.searchParams.set(name, value);
    this.options = query;
    this.peer = new protoo.Peer(new protoo.WebSocketTransport(url.toString()));
    this.peer.on('open', () => this.#join().catch((error) => this.#fail(error)));
    this.peer.on('close', () => (this.state = 'closed'));
    this.peer.on('request', (request, accept, reject) => {
      this.#asked(request, accept, reject).catch((error) => {
        this.#fail(error);
        reject(500, String(error));
      });
    });
    this.peer.on('notification', ({ method, data }) => this.#notified(method, data));
  }

  /** Sends a wish: a request in one dialect, a notification in the other. */
  async tell(method, data) {
    return this.words.notifies ? void (await this.peer.notify(method, data)) : this.peer.request(method, data);
  }

  request(method, data) {
    return this.peer.request(method, data);
  }

  async #join() {
    const { words } = this;
    await words.begin?.(this);
    await this.device.load({ routerRtpCapabilities: words.capabilities(await this.request('getRouterRtpCapabilities')) });
    for (const direction of ['send', 'recv']) this.transports[direction] = await this.#connect(direction);
    const { rtpCapabilities, sctpCapabilities } = this.device;
    const joined = await this.request('join', {
      displayName: this.options.url.peerId,
      device: DEVICE,
      rtpCapabilities,
      sctpCapabilities,
    });
    for (const peer of joined.peers) this.peers.set(words.peerId(peer), peer);
    this.state = 'joined';
    if (this.options.produce !== false) await this.#produce();
  }

  async #connect(direction) {
    const answer = await this.request('createWebRtcTransport', {
      forceTcp: Boolean(this.options.forceTcp),
      sctpCapabilities: this.device.sctpCapabilities,
      ...this.words.transport(direction),
    });
    const options = { ...answer, id: this.words.transportId(answer), iceServers: [] };
    const transport =
      direction === 'send' ? this.device.createSendTransport(options) : this.device.createRecvTransport(options);
    const id = transport.id;
    const reply = (promise, callback, errback) => promise.then(callback, errback);
    transport.on('connect', ({ dtlsParameters }, callback, errback) =>
      reply(this.request('connectWebRtcTransport', { transportId: id, dtlsParameters }), callback, errback));
    transport.on('produce', ({ kind, rtpParameters, appData }, callback, errback) =>
      reply(
        this.request('produce', { transportId: id, kind, rtpParameters, appData }).then((answer) => ({
          id: this.words.producerId(answer),
        })),
        callback,
        errback,
      ));
    transport.on('producedata', ({ sctpStreamParameters, label, protocol, appData }, callback, errback) =>
      reply(
        this.request('produceData', { transportId: id, sctpStreamParameters, label, protocol, appData }).then(
          (answer) => ({ id: this.words.dataProducerId(answer) }),
        ),
        callback,
        errback,
      ));
    return transport;
  }

  async #produce() {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: { ...(this.options.simulcast ? { width: 1280, height: 720 } : { width: 320, height: 240 }), frameRate: 15 },
    });
    // the microphone first: older mediasoup-clients fail in a new Chrome otherwise
    for (const track of [...stream.getAudioTracks(), ...stream.getVideoTracks()]) {
      const appData = this.words.source(track.kind);
      const encodings = this.options.simulcast && track.kind === 'video' ? SIMULCAST : undefined;
      const producer = await this.transports.send.produce({ track, encodings, appData });
      this.producers.set(track.kind, producer);
    }
  }

  /** Shares a made-up screen in the device's codec of this name, beside the camera's. */
  async share(mimeType, appData) {
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    let hue = 0;
    setInterval(() => {
      pen.fillStyle = `hsl(${(hue += 7)} 80% 50%)`;
      pen.fillRect(0, 0, canvas.width, canvas.height);
    }, 100);
    const [track] = canvas.captureStream(10).getVideoTracks();
    const codec = this.device.rtpCapabilities.codecs.find((one) => one.mimeType.toLowerCase() === mimeType.toLowerCase());
    this.producers.set('share', await this.transports.send.produce({ track, codec, appData }));
  }

  /** Opens a channel, for the chat as the app does once its transport is connected. */
  openChannel(label = 'chat', options = { ordered: false, maxRetransmits: 1 }) {
    return this.channels.open(this.transports.send, label, options, this.words.channel(label));
  }

  async #asked({ method, data }, accept, reject) {
    if (method === 'newConsumer') {
      const consumer = await this.transports.recv.consume(this.words.consumer(data));
      this.consumers.set(consumer.id, { consumer, data, element: play(consumer) });
      accept();
    } else if (method === 'newDataConsumer') {
      const channel = await this.transports.recv.consumeData(this.words.dataConsumer(data));
      this.channels.listen(channel, data);
      accept();
    } else {
      reject(404, `unknown request ${method}`);
    }
  }

  #notified(method, data) {
    this.heard.push({ method, data });
    if (method === 'newPeer') {
      const peer = this.words.newPeer(data);
      this.peers.set(this.words.peerId(peer), peer);
    } else if (method === 'peerClosed') {
      this.peers.delete(data.peerId);
    } else if (method === 'consumerClosed') {
      this.consumers.get(data.consumerId)?.consumer.close();
      this.consumers.delete(data.consumerId);
    } else if (method === 'dataConsumerClosed') {
      this.channels.closed(data);
    }
  }

  #fail(error) {
    this.errors.push(String(error?.stack ?? error));
  }

  progress() {
    return progressOf(this.consumers.values());
  }

  close() {
    this.peer.close();
  }
}

/** Starts the app with the words of its dialect, when the test says with which options. */
export function offer(mediasoup, words) {
  window.start = (query) => {
    window.app = new App(mediasoup, words, query);
  };
}

// One stay in the room over one connection: capabilities, transports, join, then whatever the server says.
//
// A session never heals itself beyond an ICE restart. When it is broken it says `dead`, and Call starts a new
// one.

import { Device } from 'mediasoup-client';

import { deviceInfo } from '../core/device-info.js';
import { Channels } from './channels.js';
import { IceRecovery } from './ice-recovery.js';
import { Receiver } from './receiver.js';
import { Sender } from './sender.js';

/** protoo error codes we answer offers with. */
const REFUSED = 403;

const refusal = (reason) => Object.assign(new Error(reason), { code: REFUSED });

/**
 * Events: `dead` (only a new session can help), `media` (a path broke or came up), `problem` (detail
 * `{message}`).
 */
export class Session extends EventTarget {
  #link;
  #options;
  #roster;
  #chat;
  #media;
  #timeline;
  #identity;
  #closed = false;
  #recoveries = new Map();
  #notifications = this.#notificationTable();
  device = null;
  sendTransport = null;
  recvTransport = null;
  sender = null;
  receiver = null;
  channels = null;

  constructor({ link, options, identity, roster, chat, media, timeline }) {
    super();
    this.#link = link;
    this.#options = options;
    this.#identity = identity;
    this.#roster = roster;
    this.#chat = chat;
    this.#media = media;
    this.#timeline = timeline;
  }

  get closed() {
    return this.#closed;
  }

  /** Whether a media path that was needed is broken at the moment. */
  get recovering() {
    return [...this.#recoveries.values()].some((recovery) => recovery.broken);
  }

  get transports() {
    return [this.sendTransport, this.recvTransport].filter(Boolean);
  }

  /**
   * The whole join sequence. Transports do not depend on capabilities, so all three questions travel
   * together.
   */
  async join() {
    const { produce, consume, datachannel, forceTcp, handlerName } = this.#options;
    const sctpCapabilities = datachannel ? {} : null;
    const transport = (wanted, producing) =>
      wanted
        ? this.request('createWebRtcTransport', {
            forceTcp,
            producing,
            consuming: !producing,
            sctpCapabilities,
          })
        : null;
    const [device, routerRtpCapabilities, sendInfo, recvInfo] = await Promise.all([
      handlerName ? new Device({ handlerName }) : Device.factory(),
      this.request('getRouterRtpCapabilities', {}),
      transport(produce, true),
      transport(consume, false),
    ]);
    await device.load({ routerRtpCapabilities });
    if (this.#closed) throw new Error('session closed');
    this.device = device;
    if (recvInfo) this.#openRecv(recvInfo);
    if (sendInfo) this.#openSend(sendInfo);
    if (datachannel) this.#openChannels();
    this.#timeline.joining();
    const { peers } = await this.request('join', {
      displayName: this.#identity.displayName,
      device: deviceInfo(navigator.userAgent),
      rtpCapabilities: consume ? device.recvRtpCapabilities : undefined,
      sctpCapabilities: consume && datachannel ? {} : undefined,
    });
    if (this.#closed) throw new Error('session closed');
    this.#timeline.joined();
    this.#roster.settle(peers);
    this.sender?.start();
    this.#startChannels();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    for (const recovery of this.#recoveries.values()) recovery.stop();
    this.sender?.stop();
    this.channels?.stop();
    for (const transport of this.transports) transport.close();
    this.#roster.dropStreams();
  }

  request(method, data) {
    if (this.#closed) return Promise.reject(new Error('session closed'));
    return this.#link.request(method, data);
  }

  /** Restarts ICE on every transport in use. */
  async restartIce() {
    await Promise.all([...this.#recoveries.values()].map((recovery) => recovery.restartNow()));
  }

  /** Answers a request of the server; what is thrown becomes its error reply. */
  async answer({ method, data }) {
    if (method === 'newConsumer') {
      if (!this.receiver) throw refusal('I do not want to consume');
      await this.receiver.offered(data);
      return {};
    }
    if (method === 'newDataConsumer') {
      if (!this.channels || !this.recvTransport) throw refusal('I do not want DataChannels');
      await this.channels.offered(data);
      return {};
    }
    throw Object.assign(new Error(`unknown request.method "${method}"`), { code: 404 });
  }

  notified({ method, data }) {
    this.#notifications[method]?.(data);
  }

  #notificationTable() {
    return {
      newPeer: (data) => this.#roster.add(data),
      peerClosed: ({ peerId }) => this.#roster.remove(peerId),
      peerDisplayNameChanged: ({ peerId, displayName }) => {
        const peer = this.#roster.peer(peerId);
        if (peer) this.#roster.add({ id: peerId, displayName, device: peer.device });
      },
      consumerClosed: (data) => this.receiver?.closed(data),
      consumerPaused: (data) => this.receiver?.remotelyPaused(data, true),
      consumerResumed: (data) => this.receiver?.remotelyPaused(data, false),
      consumerLayersChanged: (data) => this.receiver?.layersChanged(data),
      dataConsumerClosed: (data) => this.channels?.closed(data),
      producerLayers: (data) => this.sender?.layersWanted(data),
      producerClosed: (data) => this.sender?.ended(data),
      consumerScore: (data) => this.receiver?.scored(data),
      recordingChanged: ({ recording }) => {
        this.#roster.recorded = recording;
        this.#roster.changed();
      },
      activeSpeaker: ({ peerId }) => {
        this.#roster.speakerId = peerId ?? null;
        this.#roster.changed();
      },
    };
  }

  #openSend(info) {
    const transport = this.device.createSendTransport(withAutoRole(info));
    transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      this.request('produce', { transportId: transport.id, kind, rtpParameters, appData }).then(done, failed);
    });
    this.#watch(transport);
    this.sendTransport = transport;
    this.sender = new Sender({
      device: this.device,
      transport,
      request: (method, data) => this.request(method, data),
      media: this.#media,
      options: this.#options,
      peerId: this.#identity.peerId,
      onProblem: (message) => this.dispatchEvent(new CustomEvent('problem', { detail: { message } })),
    });
  }

  #openChannels() {
    this.sendTransport?.on('producedata', ({ sctpStreamParameters, label, protocol, appData }, done, failed) => {
      const data = { transportId: this.sendTransport.id, sctpStreamParameters, label, protocol, appData };
      this.request('produceData', data).then(done, failed);
    });
    this.channels = new Channels({
      sendTransport: this.sendTransport,
      recvTransport: this.recvTransport,
      roster: this.#roster,
      chat: this.#chat,
    });
  }

  async #startChannels() {
    try {
      await this.channels?.start();
    } catch (error) {
      if (this.#closed) return;
      const message = `The chat does not work: ${error.message}`;
      this.dispatchEvent(new CustomEvent('problem', { detail: { message } }));
    }
  }

  #openRecv(info) {
    const transport = this.device.createRecvTransport(withAutoRole(info));
    this.#watch(transport);
    this.recvTransport = transport;
    this.receiver = new Receiver({
      transport,
      request: (method, data) => this.request(method, data),
      roster: this.#roster,
      timeline: this.#timeline,
    });
  }

  #watch(transport) {
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      this.request('connectWebRtcTransport', { transportId: transport.id, dtlsParameters }).then(
        done,
        failed,
      );
    });
    const restart = async () => {
      const iceParameters = await this.request('restartIce', { transportId: transport.id });
      await transport.restartIce({ iceParameters });
      // An unused transport has no path to lose, and a healthy one may restart without ever leaving
      // `connected`.
      if (['new', 'connected'].includes(transport.connectionState)) recovery.stateChanged('connected');
    };
    const recovery = new IceRecovery(
      restart,
      () => this.dispatchEvent(new Event('dead')),
      () => this.dispatchEvent(new Event('media')),
    );
    this.#recoveries.set(transport.id, recovery);
    transport.on('connectionstatechange', (state) => recovery.stateChanged(state));
  }
}

/** The client stays free to be the active side of DTLS, whatever the server's first word is. */
function withAutoRole({ id, iceParameters, iceCandidates, dtlsParameters, sctpParameters }) {
  const role = 'auto';
  return { id, iceParameters, iceCandidates, dtlsParameters: { ...dtlsParameters, role }, sctpParameters };
}

// `window.mediad`: a small window for support and tests into the running call. README.md documents it.

import { summarizeInbound, summarizeOutbound, summarizeTransport } from './call/stats.js';

function describeStream(stream) {
  return {
    id: stream.id,
    producerId: stream.consumer.producerId,
    kind: stream.kind,
    peerId: stream.peerId,
    source: stream.source,
    type: stream.type,
    remotelyPaused: stream.remotelyPaused,
    locallyPaused: stream.locallyPaused,
    layers: stream.layers,
    score: stream.score,
  };
}

function describeProducer(producer) {
  const source = producer.kind === 'audio' ? 'mic' : producer.appData.share ? 'share' : 'webcam';
  return {
    id: producer.id,
    kind: producer.kind,
    source,
    paused: producer.paused,
    rtpParameters: producer.rtpParameters,
  };
}

const describeTransport = (transport) =>
  transport && {
    id: transport.id,
    direction: transport.direction,
    connectionState: transport.connectionState,
  };

/** A closed stream has nothing to report, and closing may overtake the question. */
const report = (source) => source.getStats().catch(() => new Map());

export function exposeSupport(call) {
  const producers = () => call.session?.sender?.producers ?? [];

  async function stats() {
    const transports = await Promise.all(
      (call.session?.transports ?? []).map(async (transport) => ({
        ...describeTransport(transport),
        ...summarizeTransport(await report(transport)),
      })),
    );
    const sent = await Promise.all(
      producers().map(async (producer) => ({
        ...describeProducer(producer),
        rtpParameters: undefined,
        encodings: summarizeOutbound(await report(producer)),
      })),
    );
    const received = await Promise.all(
      call.roster.streams.map(async (stream) => ({
        ...describeStream(stream),
        ...summarizeInbound(await report(stream.consumer)),
        times: call.timeline.consumers[stream.id],
      })),
    );
    return { atMs: performance.now(), state: call.state, transports, producers: sent, consumers: received };
  }

  window.mediad = Object.freeze({
    get state() {
      return call.state;
    },
    get roomId() {
      return call.roomId;
    },
    get peerId() {
      return call.identity?.peerId;
    },
    get lastError() {
      return call.lastError;
    },
    get trouble() {
      return call.trouble;
    },
    get sessionCount() {
      return call.sessionCount;
    },
    get peers() {
      return call.roster.peers.map(({ id, displayName, device, away }) => ({
        id,
        displayName,
        device,
        away,
      }));
    },
    get activeSpeaker() {
      return call.roster.speakerId;
    },
    get recorded() {
      return call.roster.recorded;
    },
    get transports() {
      const { sendTransport, recvTransport } = call.session ?? {};
      return { send: describeTransport(sendTransport), recv: describeTransport(recvTransport) };
    },
    get producers() {
      return producers().map(describeProducer);
    },
    get consumers() {
      return call.roster.streams.map(describeStream);
    },
    get chat() {
      const { open, unread, messages } = call.chat;
      return { open, unread, messages: messages.map(({ name, text, own }) => ({ name, text, own })) };
    },
    say: (text) => call.say(text),
    get timeline() {
      const { joinRequestedMs, joinedMs, consumers } = call.timeline;
      return { timeOriginMs: performance.timeOrigin, joinRequestedMs, joinedMs, consumers };
    },
    stats,
    request: (method, data = {}) => call.request(method, data),
    restartIce: () => call.restartIce(),
    reconnect: () => call.reconnect(),
    setMic: (on) => call.media.setMic(on),
    setWebcam: (on) => call.media.setWebcam(on),
    pauseConsumer: (consumerId) => call.session.receiver.setPaused(consumerId, true),
    resumeConsumer: (consumerId) => call.session.receiver.setPaused(consumerId, false),
    setPreferredLayers(consumerId, spatialLayer, temporalLayer) {
      const stream = call.roster.stream(consumerId);
      if (stream) stream.adaptive = false;
      return call.request('setConsumerPreferredLayers', { consumerId, spatialLayer, temporalLayer });
    },
  });
}

// Who is in the room and what of theirs we receive: the one model the screen is drawn from.

/** One consumer, with what the server told us about it since. */
export class RemoteStream {
  constructor(consumer, { peerId, source, type, producerPaused }) {
    this.consumer = consumer;
    this.id = consumer.id;
    this.kind = consumer.kind;
    this.peerId = peerId;
    this.source = source;
    this.type = type;
    this.remotelyPaused = producerPaused;
    this.locallyPaused = false;
    this.score = null;
    this.layers = null;
    this.adaptive = true;
  }

  get track() {
    return this.consumer.track;
  }

  get paused() {
    return this.remotelyPaused || this.locallyPaused;
  }

  /** Spatial layers the server can choose from; 1 for a simple stream. */
  get spatialLayers() {
    const mode = this.consumer.rtpParameters.encodings[0]?.scalabilityMode ?? '';
    return Number(/^[LS](\d+)T/.exec(mode)?.[1] ?? 1);
  }
}

/** After a rejoin the others may still be on their way back: their tiles wait this long for them. */
const RETURN_GRACE_MS = 4000;

/** Events: `change` after anything worth drawing, `joined` / `left` (detail `{peer}`). */
export class Roster extends EventTarget {
  #peers = new Map();
  #awaited = null;
  speakerId = null;
  /** True while the server records what we send. */
  recorded = false;

  get peers() {
    return [...this.#peers.values()];
  }

  get streams() {
    return this.peers.flatMap((peer) => [...peer.streams.values()]);
  }

  peer(peerId) {
    return this.#peers.get(peerId);
  }

  stream(consumerId) {
    for (const peer of this.#peers.values()) {
      const stream = peer.streams.get(consumerId);
      if (stream) return stream;
    }
    return undefined;
  }

  /** Takes the list that `join` was answered with. Whom it does not name gets a short while to come back. */
  settle(infos) {
    const named = new Set(infos.map((info) => info.id));
    for (const info of infos) this.add(info);
    clearTimeout(this.#awaited);
    const missing = this.peers.filter((peer) => !named.has(peer.id));
    for (const peer of missing) peer.away = true;
    if (missing.length > 0) this.#awaited = setTimeout(() => this.#removeAway(), RETURN_GRACE_MS);
    this.changed();
  }

  add(info) {
    const known = this.#peers.get(info.id);
    if (known) {
      Object.assign(known, { displayName: info.displayName, device: info.device, away: false });
      this.changed();
      return;
    }
    const peer = {
      id: info.id,
      displayName: info.displayName,
      device: info.device,
      away: false,
      streams: new Map(),
    };
    this.#peers.set(peer.id, peer);
    this.dispatchEvent(new CustomEvent('joined', { detail: { peer } }));
    this.changed();
  }

  remove(peerId) {
    const peer = this.#peers.get(peerId);
    if (!peer) return;
    this.#peers.delete(peerId);
    if (this.speakerId === peerId) this.speakerId = null;
    this.dispatchEvent(new CustomEvent('left', { detail: { peer } }));
    this.changed();
  }

  addStream(stream) {
    if (!this.#peers.has(stream.peerId)) this.add({ id: stream.peerId, displayName: stream.peerId });
    const peer = this.#peers.get(stream.peerId);
    peer.away = false;
    peer.streams.set(stream.id, stream);
    this.changed();
  }

  removeStream(consumerId) {
    const stream = this.stream(consumerId);
    if (!stream) return;
    this.#peers.get(stream.peerId).streams.delete(consumerId);
    this.changed();
  }

  /** The session is gone: nobody's streams live, but the people are still there to be seen. */
  dropStreams() {
    for (const peer of this.#peers.values()) peer.streams.clear();
    this.speakerId = null;
    this.recorded = false;
    this.changed();
  }

  clear() {
    clearTimeout(this.#awaited);
    this.#peers.clear();
    this.speakerId = null;
    this.recorded = false;
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event('change'));
  }

  #removeAway() {
    for (const peer of this.peers) if (peer.away) this.remove(peer.id);
  }
}

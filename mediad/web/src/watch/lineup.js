// Which streams are shown: the difference between two looks, as calls that begin and end players.

/** Two entries are one stream as long as its playlist is the same: a peer that comes back gets a new one. */
export class Lineup {
  #shown = new Map();
  #callbacks;

  /** @param {{begin: (stream: object) => void, end: (peerId: string) => void}} callbacks */
  constructor(callbacks) {
    this.#callbacks = callbacks;
  }

  /** @param {{peerId: string, playlist: string}[]} streams what the room shows now */
  set(streams) {
    const wanted = new Map(streams.map((stream) => [stream.peerId, stream]));
    for (const [peerId, stream] of this.#shown)
      if (wanted.get(peerId)?.playlist !== stream.playlist) {
        this.#callbacks.end(peerId);
        this.#shown.delete(peerId);
      }
    for (const [peerId, stream] of wanted)
      if (!this.#shown.has(peerId)) {
        this.#callbacks.begin(stream);
        this.#shown.set(peerId, stream);
      }
  }
}

// Numbers on top of the pictures, for whoever asks why it looks the way it looks.

import { summarizeInbound } from '../call/stats.js';

const PERIOD_MS = 1000;

export class InfoOverlay {
  #stage;
  #timer = null;
  #before = new Map();

  constructor(stage) {
    this.#stage = stage;
  }

  toggle() {
    if (this.#timer) {
      clearInterval(this.#timer);
      this.#timer = null;
      for (const tile of this.#stage.tiles) tile.setInfo(null);
      return;
    }
    this.#timer = setInterval(() => this.#draw(), PERIOD_MS);
    this.#draw();
  }

  async #draw() {
    for (const tile of this.#stage.tiles) {
      const { stream } = tile;
      if (!stream || stream.consumer.closed) {
        tile.setInfo(null);
        continue;
      }
      const stats = summarizeInbound(await stream.consumer.getStats());
      if (this.#timer) tile.setInfo(this.#lines(stream, stats).join('\n'));
    }
  }

  #lines(stream, stats) {
    const now = performance.now();
    const before = this.#before.get(stream.id);
    this.#before.set(stream.id, { now, bytes: stats.bytesReceived });
    const kbps = before ? Math.round((8 * (stats.bytesReceived - before.bytes)) / (now - before.now)) : 0;
    const layers = stream.layers
      ? `layers ${stream.layers.spatialLayer}/${stream.layers.temporalLayer}`
      : 'one layer';
    return [
      `${stats.frameWidth ?? 0}×${stats.frameHeight ?? 0}  ${Math.round(stats.framesPerSecond ?? 0)} fps  ${kbps} kb/s`,
      `${(stats.mimeType ?? '').replace('video/', '')}  ${layers}  score ${stream.score?.score ?? '–'}`,
      `lost ${stats.packetsLost ?? 0}  freezes ${stats.freezeCount ?? 0}  key frames ${stats.keyFramesDecoded ?? 0}`,
    ];
  }
}

// The stage: everybody else's tiles, laid out to fill the room there is.

import { cornerRect, gridRects, selfFloats, spatialLayerFor, spotlightRects } from '../core/layout.js';
import { h } from './dom.js';
import { Tile } from './tile.js';

/** Tile sizes must hold still this long before the server is asked for other layers. */
const SETTLE_MS = 1000;

export class Stage {
  #call;
  #self;
  #tiles = new Map();
  #pinnedKey = null;
  #box = { width: 0, height: 0 };
  #settleTimer = null;
  #wantedLayers = new Map();
  element = h('div', { class: 'stage', role: 'list', 'aria-label': 'Participants' });

  /** @param {import('./self-tile.js').SelfTile | null} self our own picture, when there is to be one */
  constructor(call, self) {
    this.#call = call;
    this.#self = self;
    if (self) this.element.append(self.element);
    new ResizeObserver(([entry]) => {
      this.#box = {
        width: Math.floor(entry.contentRect.width),
        height: Math.floor(entry.contentRect.height),
      };
      this.#layOut();
    }).observe(this.element);
  }

  get tiles() {
    return [...this.#tiles.values()];
  }

  /** Draws the roster as it is now. */
  update() {
    const views = this.#call.roster.peers.flatMap((peer) => this.#viewsOf(peer));
    const keys = new Set(views.map((view) => view.key));
    for (const [key, tile] of this.#tiles) {
      if (keys.has(key)) continue;
      tile.remove();
      this.#tiles.delete(key);
    }
    for (const view of views) this.#tileFor(view).update({ ...view, pinned: view.key === this.#pinnedKey });
    this.#layOut();
  }

  /** One view per picture: each camera (at least a face without one), each screen, each replica of either. */
  #viewsOf(peer) {
    const streams = [...peer.streams.values()];
    const [audio] = streams.filter((stream) => stream.kind === 'audio');
    const interrupted = !['connected', 'recovering'].includes(this.#call.state);
    const speaking = this.#call.roster.speakerId === peer.id;
    const common = { peer, audio, interrupted };
    const cameras = streams.filter((stream) => stream.source === 'webcam');
    const screens = streams.filter((stream) => stream.source === 'share');
    return [
      ...(cameras.length > 0 ? cameras : [null]).map((video, index) => ({
        ...common,
        key: `${peer.id}/camera/${index}`,
        kind: 'camera',
        video,
        speaking,
        label: index === 0 ? peer.displayName : `${peer.displayName} (${index + 1})`,
      })),
      ...screens.map((video, index) => ({
        ...common,
        key: `${peer.id}/screen/${index}`,
        kind: 'screen',
        video,
        speaking: false,
        label: `${peer.displayName}’s screen`,
      })),
    ];
  }

  #tileFor({ key, kind }) {
    let tile = this.#tiles.get(key);
    if (!tile) {
      tile = new Tile(key, kind, {
        onPin: () => this.#togglePin(key),
        onFirstFrame: (consumerId) => this.#call.timeline.firstFrame(consumerId),
      });
      tile.element.setAttribute('role', 'listitem');
      this.#tiles.set(key, tile);
      this.element.append(tile.element);
    }
    return tile;
  }

  #togglePin(key) {
    this.#pinnedKey = this.#pinnedKey === key ? null : key;
    this.update();
  }

  /** Who gets most of the stage: whom we pinned, else the newest shared screen, else nobody. */
  #mainTile() {
    const pinned = this.#tiles.get(this.#pinnedKey);
    return pinned ?? this.tiles.filter((tile) => tile.kind === 'screen').at(-1) ?? null;
  }

  #layOut() {
    const { width, height } = this.#box;
    if (width === 0 || height === 0) return;
    const box = { x: 0, y: 0, width, height };
    const main = this.#mainTile();
    const placed = this.tiles.filter((tile) => tile !== main);
    const floats = !main && selfFloats(placed.length, box);
    if (this.#self && !floats) placed.push(this.#self);
    const rects = main ? spotlightRects(placed.length, box) : { others: gridRects(placed.length, box) };
    main?.place(rects.main, true);
    placed.forEach((tile, index) => tile.place(rects.others[index], false));
    if (floats) this.#self?.float(cornerRect(box));
    clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => this.#adaptLayers(), SETTLE_MS);
  }

  /** Small tiles need no large pictures: tells the server which layer each is worth. */
  #adaptLayers() {
    if (this.#call.state !== 'connected') return;
    for (const { stream, heightPx } of this.tiles) {
      if (!stream || !stream.adaptive || stream.source !== 'webcam' || stream.spatialLayers < 2) continue;
      const wanted = spatialLayerFor(heightPx * window.devicePixelRatio, stream.spatialLayers);
      if (wanted === (this.#wantedLayers.get(stream.id) ?? stream.spatialLayers - 1)) continue;
      this.#wantedLayers.set(stream.id, wanted);
      this.#call
        .request('setConsumerPreferredLayers', { consumerId: stream.id, spatialLayer: wanted })
        .catch(() => {});
    }
    const live = new Set(this.#call.roster.streams.map((stream) => stream.id));
    for (const consumerId of this.#wantedLayers.keys())
      if (!live.has(consumerId)) this.#wantedLayers.delete(consumerId);
  }
}

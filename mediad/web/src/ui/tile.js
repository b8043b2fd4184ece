// One picture on the stage: a person's camera (or their initials), or a shared screen.

import { Avatar } from './avatar.js';
import { h, playTrack, setText, show } from './dom.js';
import { icon } from './icons.js';
import { speakingMark } from './speaking-mark.js';

/** Puts a tile's element where the layout wants it. */
export function placeElement(element, { x, y, width, height }) {
  Object.assign(element.style, {
    transform: `translate(${x}px, ${y}px)`,
    width: `${width}px`,
    height: `${height}px`,
  });
  element.classList.toggle('small', width < 220);
}

/** A picture that stopped because the connection did stays up this long for its successor. */
const HOLD_MS = 4000;

export class Tile {
  #callbacks;
  #stream = null;
  #held = null;
  #avatar = new Avatar();
  #name = h('span', { class: 'tile-name' });
  #muted = h('span', { class: 'tile-muted', title: 'Microphone off' }, icon('micOff'));
  #note = h('span', { class: 'tile-note', hidden: true });
  #info = h('pre', { class: 'tile-info', hidden: true, 'aria-hidden': 'true' });
  #pin = h(
    'button',
    { type: 'button', class: 'tile-pin', onclick: () => this.#callbacks.onPin(this) },
    icon('pin'),
  );
  video = h('video', { autoplay: true, playsinline: true, muted: true });
  element;
  /** As laid out; the element itself may still be on its way there. */
  heightPx = 0;

  /** @param {{onPin: (tile: Tile) => void, onFirstFrame: (consumerId: string) => void}} callbacks */
  constructor(key, kind, callbacks) {
    this.key = key;
    this.kind = kind;
    this.#callbacks = callbacks;
    this.element = h(
      'article',
      { class: `tile ${kind}`, dataset: { key } },
      this.#avatar.element,
      this.video,
      this.#note,
      h('footer', { class: 'tile-label' }, this.#muted, speakingMark(), this.#name),
      this.#pin,
      this.#info,
    );
    // React to the true property: the attribute alone does not mute an element made by script.
    this.video.muted = true;
  }

  get stream() {
    return this.#stream;
  }

  /** @param {{peer, video, audio, speaking: boolean, pinned: boolean, interrupted: boolean, label: string}} view */
  update({ peer, video, audio, speaking, pinned, interrupted, label }) {
    this.#show(video, interrupted);
    const live = Boolean(video) && !video.paused;
    const muted = this.kind === 'camera' && (!audio || audio.paused);
    this.video.classList.toggle('visible', live || this.#held !== null);
    this.element.classList.toggle('speaking', speaking && !muted);
    this.element.classList.toggle('interrupted', interrupted || peer.away);
    this.#avatar.update(peer.id, peer.displayName);
    setText(this.#name, label);
    show(this.#muted, muted);
    this.#noteFor(video, peer, interrupted);
    this.#pin.setAttribute('aria-pressed', String(pinned));
    this.#pin.setAttribute('aria-label', pinned ? `Unpin ${label}` : `Pin ${label}`);
    this.#pin.title = pinned ? 'Unpin' : 'Pin';
    const words = [
      label,
      muted && 'microphone off',
      !live && this.kind === 'camera' && 'camera off',
      speaking && 'speaking',
    ];
    this.element.setAttribute('aria-label', words.filter(Boolean).join(', '));
  }

  place(rect, isMain) {
    this.heightPx = rect.height;
    placeElement(this.element, rect);
    this.element.classList.toggle('main', isMain);
  }

  /** Lines of statistics on top of the picture, or null for none. */
  setInfo(text) {
    show(this.#info, text !== null);
    if (text !== null) setText(this.#info, text);
  }

  remove() {
    clearTimeout(this.#held);
    this.video.srcObject = null;
    this.element.remove();
  }

  #show(stream, interrupted) {
    if (stream === this.#stream) return;
    const had = this.#stream !== null;
    this.#stream = stream;
    clearTimeout(this.#held);
    this.#held = null;
    if (stream) {
      playTrack(this.video, stream.track);
      this.video.requestVideoFrameCallback?.(() => this.#callbacks.onFirstFrame(stream.id));
    } else if (had && interrupted) {
      this.#held = setTimeout(() => {
        this.#held = null;
        if (this.#stream) return;
        this.video.classList.remove('visible');
        this.video.srcObject = null;
      }, HOLD_MS);
    } else {
      this.video.srcObject = null;
    }
  }

  #noteFor(video, peer, interrupted) {
    let note = '';
    if (interrupted || peer.away) note = 'Reconnecting…';
    else if (video?.locallyPaused) note = 'Paused by you';
    else if (this.kind === 'screen' && video?.remotelyPaused) note = 'Paused';
    setText(this.#note, note);
    show(this.#note, note !== '');
  }
}

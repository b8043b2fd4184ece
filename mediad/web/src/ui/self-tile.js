// Ourselves, small, as in a mirror.

import { Avatar } from './avatar.js';
import { h, playTrack, show } from './dom.js';
import { icon } from './icons.js';
import { speakingMark } from './speaking-mark.js';
import { placeElement } from './tile.js';

export class SelfTile {
  #call;
  #avatar = new Avatar();
  #video = h('video', { autoplay: true, playsinline: true, class: 'mirrored' });
  #muted = h('span', { class: 'tile-muted', title: 'Your microphone is off' }, icon('micOff'));
  element = h(
    'article',
    { class: 'self tile camera', role: 'listitem' },
    this.#avatar.element,
    this.#video,
    h(
      'footer',
      { class: 'tile-label' },
      this.#muted,
      speakingMark(),
      h('span', { class: 'tile-name' }, 'You'),
    ),
  );

  constructor(call) {
    this.#call = call;
    this.#video.muted = true;
  }

  /** Takes a place among the others. */
  place(rect) {
    placeElement(this.element, rect);
    this.element.classList.remove('floating');
  }

  /** Floats in a corner over the others. */
  float(rect) {
    placeElement(this.element, rect);
    this.element.classList.add('floating');
  }

  update() {
    const { media, identity, roster } = this.#call;
    const cameraOn = media.isOn('webcam');
    const micOn = media.isOn('mic');
    playTrack(this.#video, media.track('webcam'));
    this.#video.classList.toggle('visible', cameraOn);
    this.#avatar.update(identity.peerId, identity.displayName);
    show(this.#muted, !micOn);
    this.element.classList.toggle('speaking', micOn && roster.speakerId === identity.peerId);
    const words = ['You', !micOn && 'microphone off', !cameraOn && 'camera off'];
    this.element.setAttribute('aria-label', words.filter(Boolean).join(', '));
  }
}

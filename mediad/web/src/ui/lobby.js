// Before the call: a look in the mirror, a room, a name.

import { randomRoomId } from '../core/names.js';
import { h, playTrack, setText, show } from './dom.js';
import { icon, setIcon } from './icons.js';
import { LevelMeter } from './level-meter.js';
import { Avatar } from './avatar.js';

export class Lobby {
  #media;
  #onJoin;
  #video = h('video', { autoplay: true, playsinline: true, muted: true, class: 'mirrored' });
  #avatar = new Avatar();
  #hint = h('p', { class: 'mirror-hint' });
  #meter = new LevelMeter();
  #mic = toggle('mic', () => this.#media.setMic(!this.#media.isOn('mic')));
  #camera = toggle('camera', () => this.#media.setWebcam(!this.#media.isOn('webcam')));
  #problem = h('p', { class: 'lobby-problem', role: 'alert', hidden: true });
  #room;
  #name;
  #refresh = () => this.#draw();
  #onProblem = ({ detail }) => this.#complain(detail.message, detail.sources);
  /** The sources that what is said is about; it goes when all of them are on. */
  #ailing = [];
  element;

  /**
   * @param {import('../call/local-media.js').LocalMedia} media
   * @param {{roomId, displayName, produce, problem}} initial what the fields start with, and what was wrong already
   * @param {(choice: {roomId: string, displayName: string}) => void} onJoin
   */
  constructor(media, initial, onJoin) {
    this.#media = media;
    this.#onJoin = onJoin;
    this.#room = field('room', 'Room', initial.roomId || randomRoomId(), { maxlength: 100 });
    this.#name = field('name', 'Your name', initial.displayName, { maxlength: 60, autocomplete: 'name' });
    const mirror = h(
      'div',
      { class: 'mirror' },
      this.#avatar.element,
      this.#video,
      this.#hint,
      h('div', { class: 'mirror-controls' }, this.#meter.element, this.#mic, this.#camera),
    );
    const form = h(
      'form',
      { class: 'lobby-form', onsubmit: (event) => this.#submit(event) },
      h('h1', {}, 'Ready to join?'),
      h('p', { class: 'lobby-lead' }, 'Everybody who opens the same room sees and hears each other.'),
      this.#name.label,
      this.#room.label,
      h('button', { class: 'primary', type: 'submit' }, 'Join'),
      this.#problem,
    );
    this.element = h(
      'section',
      { class: 'lobby', 'aria-label': 'Join a call' },
      h('header', { class: 'brand' }, h('span', { class: 'brand-mark', 'aria-hidden': 'true' }), 'mediad'),
      h('div', { class: 'lobby-card' }, initial.produce ? mirror : null, form),
    );
    media.addEventListener('change', this.#refresh);
    media.addEventListener('problem', this.#onProblem);
    this.#name.input.addEventListener('input', this.#refresh);
    this.#draw();
    if (initial.problem) this.#complain(initial.problem);
  }

  focus() {
    this.#name.input.focus();
    this.#name.input.select();
  }

  remove() {
    this.#media.removeEventListener('change', this.#refresh);
    this.#media.removeEventListener('problem', this.#onProblem);
    this.#meter.close();
    this.#video.srcObject = null;
    this.element.remove();
  }

  #complain(text, sources = []) {
    this.#ailing = sources;
    setText(this.#problem, text);
    show(this.#problem, true);
  }

  #submit(event) {
    event.preventDefault();
    const roomId = this.#room.input.value.trim();
    const displayName = this.#name.input.value.trim();
    const empty = [this.#name, this.#room].find((one) => !one.input.value.trim());
    if (empty) empty.input.focus();
    else this.#onJoin({ roomId, displayName });
  }

  #draw() {
    const media = this.#media;
    const cameraOn = media.isOn('webcam');
    playTrack(this.#video, media.track('webcam'));
    this.#video.classList.toggle('visible', cameraOn);
    this.#avatar.update('self', this.#name.input.value || '?');
    setText(this.#hint, cameraOn ? '' : 'Your camera is off');
    this.#meter.watch(media.isOn('mic') ? media.track('mic') : null);
    if (this.#ailing.length > 0 && this.#ailing.every((source) => media.isOn(source))) {
      this.#ailing = [];
      show(this.#problem, false);
    }
    updateToggle(this.#mic, media.isOn('mic'), 'mic', 'microphone');
    updateToggle(this.#camera, cameraOn, 'camera', 'camera');
  }
}

function field(name, labelText, value, attributes) {
  const input = h('input', { type: 'text', name, required: true, spellcheck: 'false', value, ...attributes });
  return { input, label: h('label', { class: 'field' }, h('span', {}, labelText), input) };
}

function toggle(name, onclick) {
  return h('button', { type: 'button', class: 'round', onclick }, icon(name));
}

function updateToggle(button, on, name, what) {
  setIcon(button, on ? name : `${name}Off`);
  button.classList.toggle('off', !on);
  button.setAttribute('aria-label', `Turn ${what} ${on ? 'off' : 'on'}`);
  button.setAttribute('aria-pressed', String(on));
}

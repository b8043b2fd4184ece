// The settings dialog: name, devices, colours.

import { h } from './dom.js';
import { icon } from './icons.js';
import { applyTheme, recall, remember } from './preferences.js';

const THEMES = [
  ['auto', 'Like the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

export class Settings {
  #call;
  #name = h('input', { type: 'text', maxlength: 60, spellcheck: 'false', onchange: () => this.#rename() });
  #mic = h('select', { onchange: (event) => this.#use('mic', event.target.value) });
  #camera = h('select', { onchange: (event) => this.#use('webcam', event.target.value) });
  #theme = h(
    'select',
    { onchange: (event) => chooseTheme(event.target.value) },
    ...THEMES.map(([value, text]) => h('option', { value }, text)),
  );
  element;

  /** @param {(message: string) => void} onProblem */
  constructor(call, onProblem) {
    this.#call = call;
    this.onProblem = onProblem;
    const row = (text, control) => h('label', { class: 'field' }, h('span', {}, text), control);
    const close = h('button', { class: 'plain', 'aria-label': 'Close', value: 'close' }, icon('close'));
    const { produce } = call.options;
    this.element = h(
      'dialog',
      { class: 'settings', 'aria-label': 'Settings' },
      h(
        'form',
        { method: 'dialog' },
        h('header', {}, h('h2', {}, 'Settings'), close),
        row('Your name', this.#name),
        produce ? row('Microphone', this.#mic) : null,
        produce ? row('Camera', this.#camera) : null,
        row('Colours', this.#theme),
        keyHelp(),
      ),
    );
    // A click on the backdrop reaches the dialog itself, a click inside reaches something in it.
    this.element.addEventListener('click', (event) => event.target === this.element && this.element.close());
  }

  async open() {
    this.#name.value = this.#call.identity.displayName;
    this.#theme.value = recall('theme') || 'auto';
    this.element.showModal();
    const { media } = this.#call;
    const devices = await media.devices();
    fill(this.#mic, devices, 'audioinput', 'Microphone', media.deviceId('mic'));
    fill(this.#camera, devices, 'videoinput', 'Camera', media.deviceId('webcam'));
  }

  async #rename() {
    const displayName = this.#name.value.trim();
    if (!displayName || displayName === this.#call.identity.displayName) return;
    remember('name', displayName);
    try {
      await this.#call.changeDisplayName(displayName);
    } catch (error) {
      this.onProblem(`Your name could not be changed: ${error.message}`);
    }
  }

  #use(source, deviceId) {
    this.#call.media.useDevice(source, deviceId);
  }
}

function keyHelp() {
  const keys = { M: 'microphone', V: 'camera', S: 'screen', C: 'chat', L: 'copy link', I: 'statistics' };
  const entries = Object.entries(keys).map(([key, what]) => h('span', {}, h('kbd', {}, key), what));
  return h('p', { class: 'keys' }, ...entries);
}

function fill(select, devices, kind, fallback, selected) {
  const found = devices.filter((device) => device.kind === kind && device.deviceId);
  const options = found.map((device, index) =>
    h('option', { value: device.deviceId }, device.label || `${fallback} ${index + 1}`),
  );
  select.replaceChildren(
    ...(options.length > 0 ? options : [h('option', { value: '' }, `No ${fallback.toLowerCase()} found`)]),
  );
  select.disabled = options.length === 0;
  if (selected) select.value = selected;
}

function chooseTheme(theme) {
  remember('theme', theme);
  applyTheme(theme);
}

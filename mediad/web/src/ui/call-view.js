// The screen during a call: top bar, stage, own tile, toolbar, and what is said when there is something to
// say.

import { NO_ANSWER } from '../core/closings.js';
import { AudioSink } from './audio-sink.js';
import { ChatPanel } from './chat-panel.js';
import { h, setText, show } from './dom.js';
import { icon } from './icons.js';
import { InfoOverlay } from './info-overlay.js';
import { SelfTile } from './self-tile.js';
import { Settings } from './settings.js';
import { Stage } from './stage.js';
import { Toolbar } from './toolbar.js';

const STATE_TEXT = {
  connecting: 'Connecting…',
  connected: 'Connected',
  recovering: 'Waiting for media…',
  reconnecting: 'Reconnecting…',
};

const TOAST_LENGTH = 100;

const shortened = (text) => (text.length > TOAST_LENGTH ? `${text.slice(0, TOAST_LENGTH)}…` : text);

/** From here on a person should know that it is not just slow, even when nobody says why. */
const ATTEMPTS_UNTIL_CLEAR = 4;

function stateText({ state, failedAttempts, trouble }) {
  const trying = state === 'connecting' || state === 'reconnecting';
  if (!trying || failedAttempts === 0) return STATE_TEXT[state];
  const isKnown = trouble && (trouble !== NO_ANSWER || failedAttempts >= ATTEMPTS_UNTIL_CLEAR);
  if (isKnown) return `${trouble} Trying again…`;
  return failedAttempts >= ATTEMPTS_UNTIL_CLEAR ? `${NO_ANSWER} Trying again…` : STATE_TEXT[state];
}

export class CallView {
  #call;
  #toasts;
  #stage;
  #self;
  #toolbar;
  #settings;
  #chat;
  #info;
  #sink = new AudioSink();
  #drawing = false;
  #status = h('span', { class: 'status', role: 'status' });
  #count = h('span', {});
  #recorded = h('span', { class: 'recorded', role: 'status', hidden: true }, 'Recording');
  #unblock = h(
    'button',
    { type: 'button', class: 'primary unblock', hidden: true, onclick: () => this.#unblockSound() },
    icon('sound'),
    'Click to hear the others',
  );
  #empty;
  element;

  /** @param {{onLeave: () => void}} callbacks */
  constructor(call, toasts, { onLeave }) {
    this.#call = call;
    this.#toasts = toasts;
    this.#self = call.options.produce ? new SelfTile(call) : null;
    this.#stage = new Stage(call, this.#self);
    this.#toolbar = new Toolbar(call);
    this.#chat = new ChatPanel(call);
    this.#settings = new Settings(call, (message) => toasts.warn(message));
    this.#info = new InfoOverlay(this.#stage);
    this.#empty = this.#emptyState();
    this.element = h(
      'section',
      { class: 'call', 'aria-label': 'Call' },
      this.#topBar(),
      h(
        'div',
        { class: 'middle' },
        h('main', { class: 'room' }, this.#stage.element, this.#empty, this.#unblock),
        this.#chat.element,
      ),
      this.#toolbar.element,
      this.#settings.element,
    );
    this.#listen(onLeave);
    this.#draw();
    if (call.options.info) this.#info.toggle();
  }

  #topBar() {
    return h(
      'header',
      { class: 'topbar' },
      h('span', { class: 'brand-mark', 'aria-hidden': 'true' }),
      h('h1', { class: 'room-name', title: this.#call.roomId }, this.#call.roomId),
      h('span', { class: 'people', title: 'People in this room' }, icon('people'), this.#count),
      this.#recorded,
      this.#status,
    );
  }

  #emptyState() {
    return h(
      'div',
      { class: 'empty', hidden: true },
      h('h2', {}, 'Nobody else is here yet'),
      h('p', {}, 'Send somebody the link, or open it in another tab.'),
      h(
        'button',
        { type: 'button', class: 'primary', onclick: () => this.#toolbar.copyLink() },
        icon('link'),
        'Copy link',
      ),
    );
  }

  #listen(onLeave) {
    const redraw = () => this.#scheduleDraw();
    this.#call.roster.addEventListener('change', redraw);
    this.#call.media.addEventListener('change', redraw);
    this.#call.addEventListener('state', redraw);
    // People who come back after an interruption have not "joined".
    const settled = () => this.#call.state === 'connected';
    this.#call.roster.addEventListener(
      'joined',
      ({ detail }) => settled() && this.#toasts.info(`${detail.peer.displayName} joined`),
    );
    this.#call.roster.addEventListener(
      'left',
      ({ detail }) => settled() && this.#toasts.info(`${detail.peer.displayName} left`),
    );
    this.#call.chat.addEventListener('change', redraw);
    this.#call.chat.addEventListener('message', ({ detail: { message } }) => {
      if (!this.#chat.isOpen) this.#toasts.message(`${message.name}: ${shortened(message.text)}`);
    });
    this.#chat.addEventListener('toggle', () => {
      this.#toasts.dropMessages();
      this.#scheduleDraw();
    });
    this.#toolbar.addEventListener('chat', () => this.#chat.toggle());
    this.#toolbar.addEventListener('settings', () => this.#settings.open());
    this.#toolbar.addEventListener('leave', onLeave);
    this.#toolbar.addEventListener('copied', ({ detail }) => {
      this.#toasts.info(detail.ok ? 'Link copied' : `Copy this link: ${detail.url}`);
    });
    this.#sink.addEventListener('blocked', () => show(this.#unblock, true));
    window.addEventListener('keydown', (event) => this.#key(event));
  }

  #key(event) {
    const typing = event.target.closest?.('input, select, textarea, dialog');
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !this.element.isConnected)
      return;
    const key = event.key.toLowerCase();
    if (key === 'i') this.#info.toggle();
    else if (!this.#toolbar.press(key)) return;
    event.preventDefault();
  }

  /** Many changes arrive together; one drawing per turn is enough, and no frame is waited for. */
  #scheduleDraw() {
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw() {
    const { roster, state, lastError } = this.#call;
    const others = roster.peers.length;
    this.#stage.update();
    this.#self?.update();
    this.#toolbar.update(this.#chat.isOpen);
    this.#chat.update();
    this.#sink.update(roster.streams);
    setText(this.#count, String(others + 1));
    show(this.#recorded, roster.recorded);
    setText(this.#status, stateText(this.#call));
    this.#status.dataset.state = state;
    this.#status.title = lastError ?? '';
    show(this.#empty, state === 'connected' && others === 0);
    this.element.classList.toggle('alone', others === 0);
  }

  #unblockSound() {
    show(this.#unblock, false);
    this.#sink.unblock();
  }
}

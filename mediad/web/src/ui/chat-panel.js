// The chat beside the stage, or over it on a small screen: what was said, and a line to say something.

import { MAX_LENGTH } from '../call/chat.js';
import { hueOf } from '../core/names.js';
import { h, show } from './dom.js';
import { icon } from './icons.js';

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** How far from the end a reader may be and still be taken along by new messages, in CSS pixels. */
const NEAR_END = 60;

/** Event `toggle`: it was opened or closed. */
export class ChatPanel extends EventTarget {
  #call;
  #shown = [];
  #list = h('ol', { class: 'chat-list', 'aria-live': 'polite', 'aria-label': 'Messages' });
  #hint = h('p', { class: 'chat-hint' });
  #field = h('textarea', {
    class: 'chat-field',
    rows: '1',
    maxlength: String(MAX_LENGTH),
    enterkeyhint: 'send',
    'aria-label': 'Message',
    onkeydown: (event) => this.#key(event),
    oninput: () => this.#grow(),
  });
  #send = h('button', { type: 'submit', class: 'round active chat-send', 'aria-label': 'Send' }, icon('send'));
  element;

  constructor(call) {
    super();
    this.#call = call;
    const close = h(
      'button',
      { type: 'button', class: 'plain', 'aria-label': 'Close chat', onclick: () => this.toggle() },
      icon('close'),
    );
    const submit = (event) => {
      event.preventDefault();
      this.#say();
    };
    this.element = h(
      'aside',
      { class: 'chat', hidden: true, 'aria-label': 'Chat' },
      h('header', {}, h('h2', {}, 'Chat'), close),
      this.#list,
      this.#hint,
      h('form', { class: 'chat-form', onsubmit: submit }, this.#field, this.#send),
    );
    call.chat.addEventListener('change', () => this.update());
    this.update();
  }

  get isOpen() {
    return !this.element.hidden;
  }

  toggle() {
    show(this.element, !this.isOpen);
    this.#call.chat.reading = this.isOpen;
    if (this.isOpen) {
      this.#list.scrollTop = this.#list.scrollHeight;
      // On a phone it would bring up the keyboard, over most of what there is to read.
      if (window.matchMedia('(pointer: fine)').matches) this.#field.focus();
    }
    this.dispatchEvent(new Event('toggle'));
  }

  update() {
    const { chat } = this.#call;
    const near = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_END;
    const kept = new Set(chat.messages);
    for (const { message, row } of this.#shown) if (!kept.has(message)) row.remove();
    this.#shown = this.#shown.filter(({ message }) => kept.has(message));
    for (const message of chat.messages.slice(this.#shown.length)) this.#append(message);
    if (near) this.#list.scrollTop = this.#list.scrollHeight;
    this.#field.disabled = this.#send.disabled = !chat.open;
    this.#field.placeholder = chat.open ? 'Write to everybody' : this.#closedText();
    this.#hint.textContent = 'Messages are seen by those who are here now, and kept nowhere.';
    show(this.#hint, chat.messages.length === 0);
  }

  #closedText() {
    return this.#call.options.produce && this.#call.options.datachannel ? 'Connecting…' : 'Reading only';
  }

  #append(message) {
    const before = this.#shown.at(-1)?.message;
    const goesOn = before && before.own === message.own && before.name === message.name;
    const head = h(
      'p',
      { class: 'chat-head' },
      h('span', { class: 'chat-name' }, message.own ? 'You' : message.name),
      h('time', {}, TIME.format(message.at)),
    );
    const row = h(
      'li',
      { class: message.own ? 'own' : '' },
      goesOn ? null : head,
      h('p', { class: 'chat-text' }, message.text),
    );
    row.style.setProperty('--hue', hueOf(message.peerId ?? 'bot'));
    this.#list.append(row);
    this.#shown.push({ message, row });
  }

  #key(event) {
    if (event.key === 'Escape') this.toggle();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#say();
  }

  async #say() {
    const text = this.#field.value;
    if (await this.#call.say(text)) {
      this.#field.value = '';
      this.#grow();
    }
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** As many lines as there are, up to what the style allows. */
  #grow() {
    this.#field.style.height = 'auto';
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
  }
}

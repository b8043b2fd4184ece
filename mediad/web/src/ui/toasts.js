// Short messages at the edge of the screen, read out by screen readers as they appear.

import { h } from './dom.js';
import { icon } from './icons.js';

const LIFETIME_MS = { info: 3500, message: 6000, warning: 12_000 };
const AT_MOST = 3;

export class Toasts {
  element = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });

  info(text) {
    this.#add('info', text);
  }

  warn(text) {
    this.#add('warning', text);
  }

  /** Shows what somebody wrote, in place of what was written before. */
  message(text) {
    this.dropMessages();
    this.#add('message', text);
  }

  dropMessages() {
    for (const toast of this.element.querySelectorAll('.message')) toast.remove();
  }

  #add(kind, text) {
    for (const other of this.element.children) if (other.dataset.text === text) return;
    const toast = h(
      'div',
      { class: `toast ${kind}`, dataset: { text } },
      h('span', {}, text),
      h(
        'button',
        { class: 'toast-close', 'aria-label': 'Dismiss', type: 'button', onclick: () => toast.remove() },
        icon('close'),
      ),
    );
    this.element.append(toast);
    while (this.element.children.length > AT_MOST) this.element.firstElementChild.remove();
    setTimeout(() => toast.remove(), LIFETIME_MS[kind]);
  }
}

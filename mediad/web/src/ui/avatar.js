// The coloured disc with initials that stands in for a face.

import { hueOf, initials } from '../core/names.js';
import { h, setText } from './dom.js';

export class Avatar {
  element = h('div', { class: 'avatar', 'aria-hidden': 'true' });

  update(id, name) {
    this.element.style.setProperty('--hue', hueOf(id));
    setText(this.element, initials(name));
  }
}

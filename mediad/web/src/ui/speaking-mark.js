// The mark of whoever speaks: three bars before the name. `styles/speaking.css` shows it, and the ring with it.

import { h } from './dom.js';

/** Makes the mark for a tile's label; it is seen while the tile has the class `speaking`. */
export function speakingMark() {
  return h('span', { class: 'speaking-mark', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));
}

// After the call: what happened, and the way back.

import { h } from './dom.js';

const TEXT = {
  left: ['You left the call', 'Rejoin'],
  replaced: ['This call goes on in another window', 'Continue here instead'],
  unsupported: ['This browser cannot take part in calls', 'Try again'],
};

/** The states of a call that have no way on. */
export const ENDS = new Set(Object.keys(TEXT));

/** @param {'left'|'replaced'|'unsupported'} reason */
export function endView(reason, roomId, { onReturn, onNew }) {
  const [title, action] = TEXT[reason];
  return h(
    'section',
    { class: 'end', 'aria-label': title },
    h('h1', {}, title),
    h('p', {}, `Room “${roomId}”`),
    h(
      'div',
      { class: 'end-actions' },
      h('button', { type: 'button', class: 'primary', onclick: onReturn }, action),
      h('button', { type: 'button', class: 'secondary', onclick: onNew }, 'Start another call'),
    ),
  );
}

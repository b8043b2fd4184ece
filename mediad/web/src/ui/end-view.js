// After the call: what happened, and the way back.

import { h } from './dom.js';

const TEXT = {
  left: ['You left the call', 'Rejoin', null],
  replaced: [
    'This call goes on in another window',
    'Continue here instead',
    'The same person joined again, in another window or on another device.',
  ],
  removed: ['You were removed from this call', 'Rejoin', 'The operator of the server ended it for you.'],
  refused: ['You cannot enter this room', 'Try again', null],
  unsupported: [
    'This browser cannot take part in calls',
    'Try again',
    'Use a current Chrome, Edge, Firefox or Safari.',
  ],
};

/** The states of a call that have no way on. */
export const ENDS = new Set(Object.keys(TEXT));

/**
 * @param {'left'|'replaced'|'removed'|'refused'|'unsupported'} reason
 * @param {string|null} why what the call knows beyond that
 */
export function endView(reason, roomId, why, { onReturn, onNew }) {
  const [title, action, fact] = TEXT[reason];
  return h(
    'section',
    { class: 'end', 'aria-label': title },
    h('h1', {}, title),
    fact && h('p', {}, fact),
    why && h('p', { class: 'end-why' }, why),
    h('p', {}, `Room “${roomId}”`),
    h(
      'div',
      { class: 'end-actions' },
      h('button', { type: 'button', class: 'primary', onclick: onReturn }, action),
      h('button', { type: 'button', class: 'secondary', onclick: onNew }, 'Start another call'),
    ),
  );
}

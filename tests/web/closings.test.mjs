import assert from 'node:assert/strict';
import test from 'node:test';

import { explainClose, NO_ANSWER } from '../../mediad/web/src/core/closings.js';

const closed = (code, reason = '', more = {}) =>
  explainClose({ code, reason, opened: true, online: true, ...more });

test('a second window and an operator are told apart by the reason', () => {
  assert.deepEqual(closed(4000, 'replaced by a newer connection of the same peer'), {
    final: 'replaced',
    text: null,
  });
  assert.deepEqual(closed(4000, 'Meeting over, good night'), {
    final: 'removed',
    text: 'The operator of the server says: “Meeting over, good night”',
  });
  assert.deepEqual(closed(4000), { final: 'removed', text: null });
});

test('what the server interrupts is named, and the page comes back', () => {
  const words = {
    'media worker died': /part of the server failed/,
    'the room moves to another worker': /room moves/,
    'the server is draining': /restarts/,
    'the server is stopping': /restarts/,
    'ICE disconnected': /Audio and video did not get through/,
    'DTLS failed': /Audio and video did not get through/,
  };
  for (const [reason, pattern] of Object.entries(words)) {
    const { final, text } = closed(1012, reason);
    assert.equal(final, null);
    assert.match(text, pattern);
  }
  assert.deepEqual(closed(1012, 'something new'), { final: null, text: null });
});

test('a refusal that only a person can mend is final', () => {
  assert.equal(closed(4401, 'the token is expired').final, 'refused');
  assert.match(closed(4401, 'the token is expired').text, /^Your invitation has expired\. Ask for a new link\./);
  assert.match(closed(4401, 'a token is required').text, /a token is required/);
  assert.match(closed(4403, 'pages from http://evil may not connect').text, /pages from http:\/\/evil/);
  assert.equal(closed(4400, 'too long').final, 'refused');
});

test('a refusal that passes is waited for, with its reason', () => {
  const words = {
    'the server is draining': /takes no new calls/,
    'all workers are draining': /takes no new calls/,
    'the limit room_peers is reached, 2 of 2: the room is full': /room is full/,
    'the limit rooms is reached, 1 of 1: try again later, or another server': /server is full/,
    'no worker is ready': /not ready yet/,
    'something new': /\(something new\)/,
  };
  for (const [reason, pattern] of Object.entries(words)) {
    const { final, text } = closed(4503, reason);
    assert.equal(final, null);
    assert.match(text, pattern);
  }
});

test('too much from one network passes, too', () => {
  const { final, text } = closed(4429, 'the limit joins is reached, 2000 of 2000: try again later, and less often');
  assert.equal(final, null);
  assert.match(text, /your network/);
});

test('silence is only called silence when there was never a connection', () => {
  assert.equal(closed(1006, '', { opened: false }).text, NO_ANSWER);
  assert.equal(closed(1006).text, null);
  assert.equal(closed(1006, '', { online: false }).text, 'You are offline.');
});

import assert from 'node:assert/strict';
import test from 'node:test';

import { Lineup } from '../../mediad/web/src/watch/lineup.js';

function lineup() {
  const told = [];
  const begin = (stream) => told.push(`+${stream.playlist}`);
  return { told, lineup: new Lineup({ begin, end: (peerId) => told.push(`-${peerId}`) }) };
}

const stream = (peerId, playlist = `${peerId}/1.m3u8`) => ({ peerId, playlist });

test('begins what is new and ends what is gone', () => {
  const { told, lineup: shown } = lineup();
  shown.set([stream('ana'), stream('ben')]);
  shown.set([stream('ben'), stream('cem')]);
  shown.set([]);
  assert.deepEqual(told, ['+ana/1.m3u8', '+ben/1.m3u8', '-ana', '+cem/1.m3u8', '-ben', '-cem']);
});

test('leaves a stream alone that goes on', () => {
  const { told, lineup: shown } = lineup();
  shown.set([stream('ana')]);
  shown.set([{ ...stream('ana'), displayName: 'Ana' }]);
  assert.deepEqual(told, ['+ana/1.m3u8']);
});

test('begins anew when a peer has come back with another playlist', () => {
  const { told, lineup: shown } = lineup();
  shown.set([stream('ana')]);
  shown.set([stream('ana', 'ana/2.m3u8')]);
  assert.deepEqual(told, ['+ana/1.m3u8', '-ana', '+ana/2.m3u8']);
});

import assert from 'node:assert/strict';
import test from 'node:test';

import { RemoteStream, Roster } from '../../mediad/web/src/call/roster.js';
import { fakeClock } from './stand-ins.mjs';

const person = (id) => ({ id, displayName: id.toUpperCase(), device: {} });
const video = (id, peerId, scalabilityMode) =>
  new RemoteStream(
    { id, kind: 'video', track: null, rtpParameters: { encodings: [{ scalabilityMode }] } },
    { peerId, source: 'webcam', type: 'simulcast', producerPaused: false },
  );

test('streams belong to their people', () => {
  const roster = new Roster();
  roster.settle([person('ana'), person('ben')]);
  roster.addStream(video('c1', 'ben'));
  assert.equal(roster.stream('c1').peerId, 'ben');
  roster.remove('ben');
  assert.equal(roster.stream('c1'), undefined);
  assert.deepEqual(
    roster.peers.map((peer) => peer.id),
    ['ana'],
  );
});

test('whom a rejoin does not find gets a while to return', (t) => {
  const pass = fakeClock(t);
  const roster = new Roster();
  roster.settle([person('ana'), person('ben')]);
  roster.dropStreams();
  roster.settle([person('ana')]);
  assert.deepEqual(
    roster.peers.map((peer) => peer.away),
    [false, true],
  );
  roster.add(person('ben'));
  pass(60_000);
  assert.deepEqual(
    roster.peers.map((peer) => peer.id),
    ['ana', 'ben'],
  );
});

test('whoever does not return in that while has left', (t) => {
  const pass = fakeClock(t);
  const roster = new Roster();
  const left = [];
  roster.addEventListener('left', (event) => left.push(event.detail.peer.id));
  roster.settle([person('ana'), person('ben')]);
  roster.settle([person('ana')]);
  pass(60_000);
  assert.deepEqual(left, ['ben']);
});

test('a changed name is not a new person', () => {
  const roster = new Roster();
  let joined = 0;
  roster.addEventListener('joined', () => {
    joined += 1;
  });
  roster.add(person('ana'));
  roster.add({ ...person('ana'), displayName: 'Ana Maria' });
  assert.equal(joined, 1);
  assert.equal(roster.peer('ana').displayName, 'Ana Maria');
});

test('the number of spatial layers is read from the scalability mode', () => {
  assert.deepEqual(
    ['L3T3', 'S3T3', 'L1T2', undefined].map((mode) => video('c', 'p', mode).spatialLayers),
    [3, 3, 1, 1],
  );
});

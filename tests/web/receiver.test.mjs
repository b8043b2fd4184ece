import assert from 'node:assert/strict';
import test from 'node:test';

import { Receiver } from '../../mediad/web/src/call/receiver.js';
import { Roster } from '../../mediad/web/src/call/roster.js';
import { Timeline } from '../../mediad/web/src/call/timeline.js';
import './stand-ins.mjs';

const OFFER = {
  id: 'c1',
  producerId: 'p1',
  kind: 'audio',
  peerId: 'ana',
  producerPaused: false,
  rtpParameters: {},
};

/** A receiver whose browser takes until `consumed()` to make a consumer. */
function scene() {
  const roster = new Roster();
  roster.settle([{ id: 'ana', displayName: 'Ana' }]);
  const requests = [];
  let consumed;
  const consumer = {
    id: 'c1',
    kind: 'audio',
    rtpParameters: { encodings: [{}] },
    closed: false,
    close() {
      this.closed = true;
    },
  };
  const transport = {
    closed: false,
    consume: () =>
      new Promise((resolve) => {
        consumed = () => resolve(consumer);
      }),
  };
  const request = async (method, data) => requests.push([method, data]);
  const receiver = new Receiver({ transport, request, roster, timeline: new Timeline() });
  return { receiver, roster, requests, consumer, consumed: () => consumed() };
}

test('a pause that overtakes the consumer is not lost', async () => {
  const { receiver, roster, consumed } = scene();
  const accepted = receiver.offered(OFFER);
  receiver.remotelyPaused({ consumerId: 'c1' }, true);
  consumed();
  await accepted;
  assert.equal(roster.stream('c1').remotelyPaused, true);
  receiver.remotelyPaused({ consumerId: 'c1' }, false);
  assert.equal(roster.stream('c1').remotelyPaused, false);
});

test('a producer that is gone before its consumer exists leaves nothing behind', async () => {
  const { receiver, roster, consumer, consumed } = scene();
  const accepted = receiver.offered(OFFER);
  receiver.closed({ consumerId: 'c1' });
  consumed();
  await accepted;
  assert.equal(roster.stream('c1'), undefined);
  assert.ok(consumer.closed);
});

test('pausing for oneself asks the server once and is shown', async () => {
  const { receiver, roster, requests, consumed } = scene();
  const accepted = receiver.offered(OFFER);
  consumed();
  await accepted;
  await receiver.setPaused('c1', true);
  await receiver.setPaused('c1', true);
  assert.ok(roster.stream('c1').paused);
  await receiver.setPaused('c1', false);
  assert.deepEqual(
    requests.map(([method]) => method),
    ['pauseConsumer', 'resumeConsumer'],
  );
  assert.ok(!roster.stream('c1').paused);
});

test('news of unknown consumers is ignored', () => {
  const { receiver, roster } = scene();
  receiver.remotelyPaused({ consumerId: 'nobody' }, true);
  receiver.layersChanged({ consumerId: 'nobody', spatialLayer: null, temporalLayer: null });
  receiver.closed({ consumerId: 'nobody' });
  assert.deepEqual(roster.streams, []);
});

import assert from 'node:assert/strict';
import test from 'node:test';

import { Sender } from '../../mediad/web/src/call/sender.js';
import './stand-ins.mjs';

/** A sender with a camera that is on; its producer is there once `produced()` was called. */
function scene(onProblem = (message) => assert.fail(message)) {
  const layers = [];
  let maxSpatialLayer;
  const producer = {
    id: 'p1',
    kind: 'video',
    paused: false,
    closed: false,
    close: () => {
      producer.closed = true;
    },
    // As mediasoup-client has it.
    setMaxSpatialLayer: async (layer) => {
      if (layer === maxSpatialLayer) return;
      layers.push(layer);
      await new Promise((resolve) => setImmediate(resolve));
      maxSpatialLayer = layer;
    },
  };
  let produced;
  const transport = {
    closed: false,
    produce: () =>
      new Promise((resolve) => {
        produced = () => resolve(producer);
      }),
  };
  const track = { getSettings: () => ({ width: 1280, height: 720 }) };
  producer.track = track;
  const media = new EventTarget();
  media.track = (source) => (source === 'webcam' ? track : null);
  media.isOn = () => true;
  const device = { sendRtpCapabilities: { codecs: [{ mimeType: 'video/VP8' }] } };
  const options = { webcamLayers: true, numSimulcastStreams: 3 };
  const sender = new Sender({
    device,
    transport,
    media,
    options,
    request: async () => ({}),
    peerId: 'ana',
    onProblem,
  });
  sender.start();
  const click = () => media.dispatchEvent(new CustomEvent('change', { detail: { source: 'webcam' } }));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { sender, layers, settle, click, producer, produced: () => (produced(), settle()) };
}

test('layers nobody wants are not sent, and sent again when somebody does', async () => {
  const { sender, layers, settle, produced } = scene();
  await produced();
  sender.layersWanted({ producerId: 'p1', spatialLayer: 0 });
  await settle();
  sender.layersWanted({ producerId: 'p1', spatialLayer: 2 });
  await settle();
  assert.deepEqual(layers, [0, 2]);
});

test('who changes his mind while the browser is busy is heard in the end', async () => {
  const { sender, layers, settle, produced } = scene();
  await produced();
  sender.layersWanted({ producerId: 'p1', spatialLayer: 2 });
  await settle();
  sender.layersWanted({ producerId: 'p1', spatialLayer: 0 });
  sender.layersWanted({ producerId: 'p1', spatialLayer: 1 });
  sender.layersWanted({ producerId: 'p1', spatialLayer: 2 });
  for (let turn = 0; turn < 4; turn += 1) await settle();
  assert.deepEqual(layers, [2, 0, 2]);
});

test('what is said while the producer is being made holds', async () => {
  const { sender, layers, produced } = scene();
  sender.layersWanted({ producerId: 'p1', spatialLayer: 1 });
  assert.deepEqual(layers, []);
  await produced();
  assert.deepEqual(layers, [1]);
});

test('news of a producer that is not ours is ignored', async () => {
  const { sender, layers, produced } = scene();
  await produced();
  sender.layersWanted({ producerId: 'p9', spatialLayer: 0 });
  assert.deepEqual(layers, []);
});

test('what the server has ended is told, and sent again by the next click', async () => {
  const problems = [];
  const { sender, producer, settle, click, produced } = scene((message) => problems.push(message));
  await produced();
  sender.ended({ producerId: 'nobody’s', reason: 'no' });
  sender.ended({ producerId: 'p1', reason: 'this peer may not send tracks (grant publish)' });
  assert.deepEqual(problems, [
    'Your webcam is not sent any more: this peer may not send tracks (grant publish)',
  ]);
  assert.equal(producer.closed, true);
  assert.deepEqual(sender.producers, []);
  click();
  await settle();
  await produced();
  assert.equal(sender.producer('webcam'), producer);
});

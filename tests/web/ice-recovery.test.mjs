import assert from 'node:assert/strict';
import test from 'node:test';

import { IceRecovery, PATIENCE_MS, RESTART_DEADLINE_MS } from '../../mediad/web/src/call/ice-recovery.js';
import { fakeClock } from './stand-ins.mjs';

/** A recovery under a fake clock that counts what it does. */
function scene(t, restart = async () => {}) {
  const pass = fakeClock(t);
  const seen = { restarts: 0, gaveUp: 0 };
  const told = [];
  const recovery = new IceRecovery(
    async () => {
      seen.restarts += 1;
      await restart();
    },
    () => {
      seen.gaveUp += 1;
    },
    () => told.push(recovery.broken),
  );
  return { recovery, seen, told, pass };
}

test('a short silence mends itself', (t) => {
  const { recovery, seen, pass } = scene(t);
  recovery.stateChanged('disconnected');
  assert.ok(recovery.broken);
  pass(PATIENCE_MS - 1);
  recovery.stateChanged('connected');
  pass(60_000);
  assert.deepEqual(seen, { restarts: 0, gaveUp: 0 });
  assert.ok(!recovery.broken);
});

test('a path that comes up soon is not worth a word, one that takes its time is', (t) => {
  const { recovery, seen, told, pass } = scene(t);
  recovery.stateChanged('connecting');
  pass(PATIENCE_MS - 1);
  recovery.stateChanged('connected');
  assert.deepEqual(told, []);
  recovery.stateChanged('connecting');
  pass(PATIENCE_MS);
  recovery.stateChanged('connected');
  assert.deepEqual(told, [true, false]);
  assert.deepEqual(seen, { restarts: 0, gaveUp: 0 });
});

test('a long silence restarts ICE once', (t) => {
  const { recovery, seen, pass } = scene(t);
  recovery.stateChanged('disconnected');
  pass(PATIENCE_MS);
  recovery.stateChanged('connecting');
  recovery.stateChanged('failed');
  recovery.stateChanged('connected');
  pass(60_000);
  assert.deepEqual(seen, { restarts: 1, gaveUp: 0 });
});

test('a failed path is restarted at once', (t) => {
  const { recovery, seen } = scene(t);
  recovery.stateChanged('failed');
  assert.equal(seen.restarts, 1);
});

test('a failure during the patience does not wait for its end', (t) => {
  const { recovery, seen, pass } = scene(t);
  recovery.stateChanged('disconnected');
  recovery.stateChanged('failed');
  pass(PATIENCE_MS);
  assert.equal(seen.restarts, 1);
});

test('a restart that does not help is given up, once', (t) => {
  const { recovery, seen, pass } = scene(t);
  recovery.stateChanged('failed');
  pass(RESTART_DEADLINE_MS);
  recovery.stateChanged('failed');
  pass(60_000);
  assert.deepEqual(seen, { restarts: 1, gaveUp: 1 });
});

test('a restart the server refuses is given up at once', async (t) => {
  const { recovery, seen } = scene(t, async () => {
    throw new Error('transport with id "x" not found');
  });
  await recovery.restartNow();
  assert.deepEqual(seen, { restarts: 1, gaveUp: 1 });
});

test('two wishes to restart are one restart', async (t) => {
  const { recovery, seen } = scene(t);
  await Promise.all([recovery.restartNow(), recovery.restartNow()]);
  assert.equal(seen.restarts, 1);
});

test('nothing happens after the end', (t) => {
  const { recovery, seen, pass } = scene(t);
  recovery.stateChanged('disconnected');
  recovery.stop();
  recovery.stateChanged('failed');
  pass(60_000);
  assert.deepEqual(seen, { restarts: 0, gaveUp: 0 });
});

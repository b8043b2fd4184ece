import assert from 'node:assert/strict';
import test from 'node:test';

import { RetryPolicy, STABLE_MS } from '../../mediad/web/src/core/retry.js';

const waits = (policy, count) => Array.from({ length: count }, () => policy.nextWaitMs());

test('the first wait is short, whatever the dice say', () => {
  for (const dice of [0, 0.5, 0.999999]) {
    const wait = new RetryPolicy(() => dice).nextWaitMs();
    assert.ok(wait >= 50 && wait <= 250, String(wait));
  }
});

test('several attempts fit into the first three seconds', () => {
  const worst = waits(new RetryPolicy(() => 0.999999), 4);
  assert.ok(worst.reduce((sum, wait) => sum + wait, 0) < 3000, String(worst));
});

test('waits grow up to a bound and never end', () => {
  const series = waits(new RetryPolicy(() => 0.5), 40);
  series.slice(1).forEach((wait, index) => assert.ok(wait >= series[index]));
  assert.equal(series.at(-1), 8000);
});

test('two browsers do not knock at the same time', () => {
  const [early, late] = [new RetryPolicy(() => 0.1), new RetryPolicy(() => 0.9)];
  for (let attempt = 0; attempt < 8; attempt += 1) assert.ok(early.nextWaitMs() < late.nextWaitMs());
});

test('a connection that was thrown out at once continues the series', () => {
  const policy = new RetryPolicy(() => 0.5);
  waits(policy, 3);
  policy.lasted(STABLE_MS - 1);
  assert.equal(policy.attempt, 3);
});

test('a connection that was stable starts it afresh', () => {
  const policy = new RetryPolicy(() => 0.5);
  waits(policy, 3);
  policy.lasted(STABLE_MS);
  assert.equal(policy.attempt, 0);
  assert.ok(policy.nextWaitMs() <= 250);
});

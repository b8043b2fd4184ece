import assert from 'node:assert/strict';
import test from 'node:test';

import { chooseVideoCodec, screenEncodings, webcamEncodings } from '../../mediad/web/src/core/encodings.js';
import { parseOptions } from '../../mediad/web/src/core/options.js';

const HD = { width: 1280, height: 720 };
const capabilities = {
  codecs: [{ mimeType: 'audio/opus' }, { mimeType: 'video/VP9' }, { mimeType: 'video/VP8' }],
};

test('a camera is three VP8 streams, smallest first', () => {
  const encodings = webcamEncodings('video/VP8', parseOptions(''), HD);
  assert.deepEqual(
    encodings.map(({ scaleResolutionDownBy, maxBitrate, scalabilityMode }) => [
      scaleResolutionDownBy,
      maxBitrate,
      scalabilityMode,
    ]),
    [
      [4, 500_000, 'L1T3'],
      [2, 1_000_000, 'L1T3'],
      [1, 5_000_000, 'L1T3'],
    ],
  );
});

test('fewer streams leave out the smallest', () => {
  const scales = (count) =>
    webcamEncodings('video/VP8', parseOptions(`?numSimulcastStreams=${count}`), HD).map(
      (one) => one.scaleResolutionDownBy,
    );
  assert.deepEqual([scales(1), scales(2)], [[undefined], [2, 1]]);
});

test('a small picture is not divided into streams that the browser would leave out', () => {
  const streams = (width, height) => webcamEncodings('video/VP8', parseOptions(''), { width, height }).length;
  assert.deepEqual([streams(1920, 1080), streams(960, 540), streams(640, 480)], [3, 3, 2]);
  assert.deepEqual([streams(480, 270), streams(320, 240)], [2, 1]);
  assert.equal(webcamEncodings('video/VP8', parseOptions(''), {}).length, 3);
});

test('the lower stream of a small picture leaves room for the upper one', () => {
  const encodings = webcamEncodings('video/VP8', parseOptions(''), { width: 640, height: 360 });
  assert.deepEqual(
    encodings.map((one) => [one.scaleResolutionDownBy, one.maxBitrate]),
    [
      [2, 500_000],
      [1, 2_000_000],
    ],
  );
});

test('codecs with layers inside one stream get one encoding', () => {
  assert.deepEqual(
    webcamEncodings('video/VP9', parseOptions(''), HD).map((one) => one.scalabilityMode),
    ['L3T3_KEY'],
  );
  const asked = parseOptions('?webcamScalabilityMode=L2T1');
  assert.deepEqual(
    webcamEncodings('video/AV1', asked, HD).map((one) => one.scalabilityMode),
    ['L2T1'],
  );
});

test('VP9 and AV1 are simulcast only where a link says so', () => {
  const modes = (search) =>
    webcamEncodings('video/AV1', parseOptions(search), HD).map((one) => one.scalabilityMode);
  assert.deepEqual(modes('?numSimulcastStreams=2&webcamScalabilityMode=L1T2'), ['L1T2', 'L1T2']);
  assert.deepEqual(modes('?webcamScalabilityMode=L1T3'), ['L1T3']);
  assert.deepEqual(modes('?numSimulcastStreams=3'), ['L3T3_KEY']);
  assert.deepEqual(modes('?numSimulcastStreams=1&webcamScalabilityMode=L1T3'), ['L1T3']);
});

test('without layers a camera is one stream', () => {
  assert.equal(webcamEncodings('video/VP8', parseOptions('?enableWebcamLayers=false'), HD).length, 1);
});

test('a screen in VP9 has no spatial layers, which Chromium would not encode', () => {
  const mode = (mimeType, search) => screenEncodings(mimeType, parseOptions(search))[0].scalabilityMode;
  assert.deepEqual([mode('video/VP9', ''), mode('video/AV1', '')], ['L1T3', 'L3T3']);
  assert.equal(mode('video/VP9', '?sharingScalabilityMode=L2T1'), 'L2T1');
});

test('every stream of a screen says that silence is no fault', () => {
  for (const mimeType of ['video/VP8', 'video/VP9']) {
    assert.ok(screenEncodings(mimeType, parseOptions('')).every((one) => one.dtx));
  }
});

test('VP8 is sent unless another codec is asked for, and one nobody has is not made up', () => {
  assert.equal(chooseVideoCodec(capabilities, undefined).mimeType, 'video/VP8');
  assert.equal(chooseVideoCodec(capabilities, 'video/VP9').mimeType, 'video/VP9');
  assert.equal(chooseVideoCodec(capabilities, 'video/AV1'), undefined);
});

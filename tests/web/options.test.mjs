import assert from 'node:assert/strict';
import test from 'node:test';

import { invitationUrl, parseOptions, signalingUrl } from '../../mediad/web/src/core/options.js';

test('without a room there is a lobby, with one there is none unless asked for', () => {
  assert.equal(parseOptions('').lobby, true);
  assert.equal(parseOptions('?roomId=').lobby, true);
  assert.equal(parseOptions('?roomId=r').lobby, false);
  assert.equal(parseOptions('?roomId=r&lobby=true').lobby, true);
});

test('a link with ids the server would refuse leads to the lobby and says so', () => {
  const long = 'x'.repeat(129);
  for (const search of [`?roomId=${long}`, `?roomId=r&peerId=${long}`]) {
    const { lobby, problem, roomId, peerId } = parseOptions(search);
    assert.deepEqual([lobby, roomId, peerId], [true, '', '']);
    assert.match(problem, /128 characters/);
  }
  assert.equal(parseOptions('?roomId=r').problem, '');
});

test('defaults of a plain link', () => {
  const options = parseOptions('?roomId=r');
  const { produce, consume, audio, video, numSimulcastStreams, videoCodec, consumerReplicas } = options;
  assert.deepEqual(
    { produce, consume, audio, video, numSimulcastStreams, videoCodec, consumerReplicas },
    {
      produce: true,
      consume: true,
      audio: true,
      video: true,
      numSimulcastStreams: undefined,
      videoCodec: undefined,
      consumerReplicas: 0,
    },
  );
});

test('switches are read as people write them', () => {
  for (const value of ['false', '0', 'no', 'FALSE'])
    assert.equal(parseOptions(`?produce=${value}`).produce, false);
  for (const value of ['true', '1', '']) assert.equal(parseOptions(`?info=${value}`).info, true);
});

test('numbers are clamped, and nonsense is the default', () => {
  assert.equal(parseOptions('?numSimulcastStreams=9').numSimulcastStreams, 3);
  assert.equal(parseOptions('?numSimulcastStreams=0').numSimulcastStreams, 1);
  assert.equal(parseOptions('?consumerReplicas=undefined').consumerReplicas, 0);
  assert.deepEqual(parseOptions('?resolution=640x360').resolution, { width: 640, height: 360 });
  assert.deepEqual(parseOptions('?resolution=huge').resolution, { width: 1280, height: 720 });
});

test('a forced codec is named by its MIME type', () => {
  assert.equal(parseOptions('?forceH264=true').videoCodec, 'video/H264');
  assert.equal(parseOptions('?forceAV1=true').videoCodec, 'video/AV1');
  assert.equal(parseOptions('?forceVP9=false').videoCodec, undefined);
});

test('signaling goes to the same host, encrypted when the page is', () => {
  const plain = { href: 'http://127.0.0.1:3000/?roomId=x#y', protocol: 'http:' };
  const secure = { href: 'https://meet.example/', protocol: 'https:' };
  const peer = { roomId: 'a b&c', peerId: 'p', consumerReplicas: 0 };
  assert.equal(signalingUrl(plain, peer), 'ws://127.0.0.1:3000/?roomId=a+b%26c&peerId=p&explain=true');
  assert.equal(
    signalingUrl(secure, { ...peer, consumerReplicas: 2 }),
    'wss://meet.example/?roomId=a+b%26c&peerId=p&explain=true&consumerReplicas=2',
  );
  const { token } = parseOptions('?roomId=r&token=a.b-c_d');
  assert.equal(signalingUrl(secure, { ...peer, token }), 'wss://meet.example/?roomId=a+b%26c&peerId=p&explain=true&token=a.b-c_d');
});

test('signaling stays below the path the page is served at', () => {
  const peer = { roomId: 'r', peerId: 'p', consumerReplicas: 0 };
  for (const page of ['https://example.org/call/', 'https://example.org/call/index.html?roomId=x#y']) {
    const url = signalingUrl({ href: page, protocol: 'https:' }, peer);
    assert.equal(url, 'wss://example.org/call/?roomId=r&peerId=p&explain=true');
  }
});

test('an invitation names the room and nothing of the inviter', () => {
  const location = {
    href: 'https://meet.example/call?roomId=r&peerId=me&displayName=Ana',
    pathname: '/call',
  };
  assert.equal(invitationUrl(location, 'r'), 'https://meet.example/call?roomId=r&lobby=true');
});

// What the page was asked for in its URL, as one frozen object.
//
// The names follow the well-known mediasoup demo page, so that links and load scripts written for it work
// here.

const CODECS = [
  ['forceVP8', 'video/VP8'],
  ['forceVP9', 'video/VP9'],
  ['forceH264', 'video/H264'],
  ['forceAV1', 'video/AV1'],
];

/** The server takes ids of at most this many characters. */
export const MAX_ID_LENGTH = 128;

/** Reads a boolean parameter: absent → `fallback`, present without a value → true. */
function flag(query, name, fallback) {
  const value = query.get(name);
  if (value === null) return fallback;
  return !['false', '0', 'no', 'off'].includes(value.trim().toLowerCase());
}

/**
 * Reads a whole number clamped to `[low, high]`; anything else, like the literal "undefined", → `fallback`.
 */
function integer(query, name, low, high, fallback) {
  const value = Number.parseInt(query.get(name) ?? '', 10);
  return Number.isNaN(value) ? fallback : Math.min(high, Math.max(low, value));
}

/** Reads `resolution=WIDTHxHEIGHT` in pixels. */
function resolution(query) {
  const match = /^(\d{2,4})x(\d{2,4})$/.exec(query.get('resolution') ?? '');
  return match ? { width: Number(match[1]), height: Number(match[2]) } : { width: 1280, height: 720 };
}

/** Parses `location.search`. */
export function parseOptions(search) {
  const query = new URLSearchParams(search);
  const text = (name) => (query.get(name) ?? '').trim();
  const roomId = text('roomId');
  const peerId = text('peerId');
  const tooLong = [roomId, peerId].some((id) => id.length > MAX_ID_LENGTH);
  return Object.freeze({
    roomId: tooLong ? '' : roomId,
    peerId: tooLong ? '' : peerId,
    displayName: text('displayName'),
    token: text('token'),
    // A link to a room joins it; an invitation (lobby=true) lets the guest look in the mirror first.
    lobby: roomId === '' || tooLong || flag(query, 'lobby', false),
    problem: tooLong
      ? `That link is broken: its room or person has more than ${MAX_ID_LENGTH} characters.`
      : '',
    produce: flag(query, 'produce', true),
    consume: flag(query, 'consume', true),
    audio: flag(query, 'audio', true),
    video: flag(query, 'video', true),
    datachannel: flag(query, 'datachannel', true),
    forceTcp: flag(query, 'forceTcp', false),
    handlerName: text('handlerName') || undefined,
    videoCodec: CODECS.find(([name]) => flag(query, name, false))?.[1],
    webcamLayers: flag(query, 'enableWebcamLayers', true),
    sharingLayers: flag(query, 'enableSharingLayers', true),
    numSimulcastStreams: integer(query, 'numSimulcastStreams', 1, 3, undefined),
    webcamScalabilityMode: text('webcamScalabilityMode') || undefined,
    sharingScalabilityMode: text('sharingScalabilityMode') || undefined,
    consumerReplicas: integer(query, 'consumerReplicas', 0, 100, 0),
    info: flag(query, 'info', false),
    resolution: resolution(query),
    frameRate: integer(query, 'frameRate', 1, 60, 30),
  });
}

/**
 * The WebSocket URL of one peer in one room: the folder of the page itself, since a proxy may serve all of it
 * below a path of its own.
 */
export function signalingUrl(location, { roomId, peerId, consumerReplicas, token }) {
  const url = new URL('.', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  // A refusal comes as a close code then; a page cannot read the HTTP answer to an upgrade.
  url.search = new URLSearchParams({ roomId, peerId, explain: 'true' }).toString();
  if (consumerReplicas > 0) url.searchParams.set('consumerReplicas', String(consumerReplicas));
  if (token) url.searchParams.set('token', token);
  return url.href;
}

/** The link to hand to somebody else: the room, and a lobby to enter it by. */
export function invitationUrl(location, roomId) {
  const url = new URL(location.pathname, location.href);
  url.search = new URLSearchParams({ roomId, lobby: 'true' }).toString();
  return url.href;
}

// How camera and screen are encoded: codec choice and the list of encodings handed to `transport.produce()`.

const LAYERED_IN_ONE_STREAM = new Set(['video/vp9', 'video/av1']);
const TOP_BITRATE_BPS = 5_000_000;
const MOST_STREAMS = 3;
/** Of simulcast streams, smallest first. A browser begins with the next one when those below have 3/4 of theirs. */
const LARGE_BITRATES_BPS = [500_000, 1_000_000, TOP_BITRATE_BPS];
const SMALL_BITRATES_BPS = [500_000, 2_000_000];

/** Finds `mimeType` among the codecs this browser can send to this router; without a wish VP8 is it. */
export function chooseVideoCodec(sendRtpCapabilities, mimeType) {
  const wanted = (mimeType ?? 'video/VP8').toLowerCase();
  return sendRtpCapabilities.codecs.find((codec) => codec.mimeType.toLowerCase() === wanted);
}

/**
 * How many simulcast streams a browser really sends of a picture this large.
 *
 * libwebrtc leaves out the top ones of a small picture, so asking for more would send it at a quarter of its size.
 */
function usefulStreams({ width = 1280, height = 720 }) {
  const pixels = width * height;
  if (pixels >= 960 * 540) return 3;
  return pixels >= 480 * 270 ? 2 : 1;
}

/**
 * Encodings of a camera; smallest first, as simulcast wants them.
 *
 * @param {{width?: number, height?: number}} size of the camera's picture, in pixels
 */
export function webcamEncodings(mimeType, options, size) {
  const { webcamLayers, numSimulcastStreams, webcamScalabilityMode } = options;
  // These codecs are sent as simulcast only when a link asks for both: several streams, each one layer wide.
  const simulcast = numSimulcastStreams > 1 && webcamScalabilityMode?.startsWith('L1');
  if (LAYERED_IN_ONE_STREAM.has(mimeType.toLowerCase()) && !simulcast) {
    const scalabilityMode = webcamScalabilityMode ?? (webcamLayers ? 'L3T3_KEY' : 'L1T1');
    return [{ maxBitrate: TOP_BITRATE_BPS, scalabilityMode }];
  }
  const scalabilityMode = webcamScalabilityMode ?? 'L1T3';
  const streams = webcamLayers ? Math.min(numSimulcastStreams ?? MOST_STREAMS, usefulStreams(size)) : 1;
  if (streams === 1) return [{ maxBitrate: TOP_BITRATE_BPS, scalabilityMode }];
  const bitratesBps = usefulStreams(size) === 2 ? SMALL_BITRATES_BPS : LARGE_BITRATES_BPS;
  return bitratesBps.slice(-streams).map((maxBitrate, index) => ({
    scaleResolutionDownBy: 2 ** (streams - 1 - index),
    maxBitrate,
    scalabilityMode,
  }));
}

/** Encodings of a shared screen. `dtx` tells the server that silence on this stream is not a fault. */
export function screenEncodings(mimeType, { sharingLayers, numSimulcastStreams, sharingScalabilityMode }) {
  if (LAYERED_IN_ONE_STREAM.has(mimeType.toLowerCase())) {
    // Of a screen in VP9 with several spatial layers Chromium encodes nothing at all, and says so nowhere.
    const layered = mimeType.toLowerCase() === 'video/vp9' ? 'L1T3' : 'L3T3';
    const scalabilityMode = sharingScalabilityMode ?? (sharingLayers ? layered : 'L1T1');
    return [{ maxBitrate: TOP_BITRATE_BPS, scalabilityMode, dtx: true }];
  }
  const scalabilityMode = sharingScalabilityMode ?? 'L1T3';
  const whole = { scaleResolutionDownBy: 1, maxBitrate: TOP_BITRATE_BPS, scalabilityMode, dtx: true };
  // Text is unreadable at a quarter of its size, so a screen has two layers where a camera has three.
  if (!sharingLayers || numSimulcastStreams < 2) return [whole];
  return [{ scaleResolutionDownBy: 2, maxBitrate: 800_000, scalabilityMode, dtx: true }, whole];
}

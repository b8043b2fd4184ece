// How camera and screen are encoded: codec choice and the list of encodings handed to `transport.produce()`.

const LAYERED_IN_ONE_STREAM = new Set(['video/vp9', 'video/av1']);
const TOP_BITRATE_BPS = 5_000_000;

/** Finds `mimeType` among the codecs this browser can send to this router; without a wish VP8 is it. */
export function chooseVideoCodec(sendRtpCapabilities, mimeType) {
  const wanted = (mimeType ?? 'video/VP8').toLowerCase();
  return sendRtpCapabilities.codecs.find((codec) => codec.mimeType.toLowerCase() === wanted);
}

/** Encodings of a camera; smallest first, as simulcast wants them. */
export function webcamEncodings(mimeType, { webcamLayers, numSimulcastStreams, webcamScalabilityMode }) {
  if (LAYERED_IN_ONE_STREAM.has(mimeType.toLowerCase())) {
    const scalabilityMode = webcamScalabilityMode ?? (webcamLayers ? 'L3T3_KEY' : 'L1T1');
    return [{ maxBitrate: TOP_BITRATE_BPS, scalabilityMode }];
  }
  const scalabilityMode = webcamScalabilityMode ?? 'L1T3';
  if (!webcamLayers) return [{ maxBitrate: TOP_BITRATE_BPS, scalabilityMode }];
  const all = [
    { scaleResolutionDownBy: 4, maxBitrate: 500_000, scalabilityMode },
    { scaleResolutionDownBy: 2, maxBitrate: 1_000_000, scalabilityMode },
    { scaleResolutionDownBy: 1, maxBitrate: TOP_BITRATE_BPS, scalabilityMode },
  ];
  return all.slice(all.length - numSimulcastStreams);
}

/** Encodings of a shared screen. `dtx` tells the server that silence on this stream is not a fault. */
export function screenEncodings(mimeType, { sharingLayers, numSimulcastStreams, sharingScalabilityMode }) {
  if (LAYERED_IN_ONE_STREAM.has(mimeType.toLowerCase())) {
    const scalabilityMode = sharingScalabilityMode ?? (sharingLayers ? 'L3T3' : 'L1T1');
    return [{ maxBitrate: TOP_BITRATE_BPS, scalabilityMode, dtx: true }];
  }
  const scalabilityMode = sharingScalabilityMode ?? 'L1T3';
  const whole = { scaleResolutionDownBy: 1, maxBitrate: TOP_BITRATE_BPS, scalabilityMode, dtx: true };
  // Text is unreadable at a quarter of its size, so a screen has two layers where a camera has three.
  if (!sharingLayers || numSimulcastStreams < 2) return [whole];
  return [{ scaleResolutionDownBy: 2, maxBitrate: 800_000, scalabilityMode, dtx: true }, whole];
}

// Our own microphone, camera and screen: asking for them, losing them, switching between them.
//
// Whoever sends them only reads `tracks()` and listens; nothing in here knows of a server.

import { explainDevices, explainLoss } from '../core/devices.js';

/**
 * Events: `change` (detail `{source}`) and `problem` (detail `{sources, message}`); sources are mic, webcam,
 * share.
 */
export class LocalMedia extends EventTarget {
  #tracks = { mic: null, webcam: null, share: null };
  #deviceIds = { mic: undefined, webcam: undefined };
  #micOn = true;
  #size;
  #frameRate;

  /** @param {{resolution: {width, height}, frameRate: number}} options wishes for the camera, in pixels and frames/s */
  constructor({ resolution, frameRate }) {
    super();
    this.#size = resolution;
    this.#frameRate = frameRate;
  }

  track(source) {
    return this.#tracks[source];
  }

  /** Whether the source is on: for the microphone, present and not muted. */
  isOn(source) {
    return this.#tracks[source] !== null && (source !== 'mic' || this.#micOn);
  }

  get micMuted() {
    return !this.#micOn;
  }

  /**
   * Asks for both at once (one question to the person); if that fails, for each alone, so that one can still
   * work.
   */
  async start({ audio, video }) {
    const wanted = [audio && 'mic', video && 'webcam'].filter(Boolean);
    if (wanted.length === 0) return;
    try {
      const stream = await this.#capture({ audio, video });
      if (audio) this.#adopt('mic', stream.getAudioTracks()[0]);
      if (video) this.#adopt('webcam', stream.getVideoTracks()[0]);
    } catch (error) {
      if (wanted.length === 1) this.#report([{ source: wanted[0], error }]);
      else await this.#openEach(wanted);
    }
  }

  async setMic(on) {
    this.#micOn = on;
    if (on && !this.#tracks.mic) return this.#openOrReport('mic');
    return this.#changed('mic');
  }

  /** Turning the camera off really stops it, so that its light goes out. */
  async setWebcam(on) {
    if (on && !this.#tracks.webcam) await this.#openOrReport('webcam');
    if (!on) this.#release('webcam');
  }

  async startShare() {
    try {
      if (!navigator.mediaDevices?.getDisplayMedia) throw new Error('this browser cannot share a screen');
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { max: 30 } },
        audio: false,
      });
      const [track] = stream.getVideoTracks();
      track.contentHint = 'detail';
      this.#adopt('share', track);
    } catch (error) {
      // Closing the browser's own picker is an answer, not a problem.
      if (error.name !== 'NotAllowedError') this.#report([{ source: 'share', error }]);
    }
  }

  stopShare() {
    this.#release('share');
  }

  /** Switches microphone or camera to another device. */
  async useDevice(source, deviceId) {
    this.#deviceIds[source] = deviceId;
    if (this.#tracks[source]) await this.#openOrReport(source);
  }

  deviceId(source) {
    return this.#tracks[source]?.getSettings().deviceId ?? this.#deviceIds[source];
  }

  async devices() {
    return (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  }

  stop() {
    for (const source of Object.keys(this.#tracks)) this.#release(source);
  }

  async #openOrReport(source) {
    await this.#openEach([source]);
  }

  /** Each for itself; what went wrong is told together. */
  async #openEach(sources) {
    const problems = [];
    for (const source of sources) {
      await this.#open(source).catch((error) => problems.push({ source, error }));
    }
    if (problems.length > 0) this.#report(problems);
  }

  async #open(source) {
    const isMic = source === 'mic';
    const stream = await this.#capture({ audio: isMic, video: !isMic });
    this.#adopt(source, stream.getTracks()[0]);
  }

  #capture({ audio, video }) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw Object.assign(new Error('not a secure page'), { name: 'InsecureContext' });
    }
    const exact = (source) =>
      this.#deviceIds[source] ? { deviceId: { exact: this.#deviceIds[source] } } : {};
    const { width, height } = this.#size;
    return navigator.mediaDevices.getUserMedia({
      audio: audio && {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        ...exact('mic'),
      },
      video: video && {
        width: { ideal: width },
        height: { ideal: height },
        frameRate: { ideal: this.#frameRate, max: 60 },
        ...exact('webcam'),
      },
    });
  }

  #adopt(source, track) {
    this.#tracks[source]?.stop();
    this.#tracks[source] = track;
    if (source === 'mic') track.enabled = this.#micOn;
    track.addEventListener('ended', () => {
      // Unplugged, permission withdrawn, or "stop sharing" pressed in the browser's own bar.
      if (this.#tracks[source] !== track) return;
      this.#tracks[source] = null;
      this.#changed(source);
      if (source !== 'share') this.#tell([source], explainLoss(source));
    });
    this.#changed(source);
  }

  #release(source) {
    this.#tracks[source]?.stop();
    this.#tracks[source] = null;
    this.#changed(source);
  }

  #changed(source) {
    const track = this.#tracks[source];
    if (source === 'mic' && track) track.enabled = this.#micOn;
    this.dispatchEvent(new CustomEvent('change', { detail: { source } }));
  }

  #report(problems) {
    this.#tell(
      problems.map(({ source }) => source),
      explainDevices(problems),
    );
  }

  #tell(sources, message) {
    this.dispatchEvent(new CustomEvent('problem', { detail: { sources, message } }));
  }
}

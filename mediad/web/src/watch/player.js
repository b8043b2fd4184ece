// One stream in one video element: hls.js where the browser has Media Source Extensions, else its own player.

import Hls from 'hls.js/light';

import { h, setText, show } from '../ui/dom.js';

const RETRY_MS = 1000;
/** What is kept behind the playhead: nobody can go back in a live stream here. */
const KEPT_BEHIND_S = 10;

export class Player {
  #hls = null;
  #token;
  #timer = 0;
  #note = h('p', { class: 'watch-trouble', role: 'status', hidden: true });
  video = h('video', { autoplay: true, playsinline: true, muted: true, controls: true });
  element;

  /** @param {{peerId: string, displayName: string}} stream */
  constructor(stream, playlist, token) {
    this.#token = token;
    this.element = h(
      'figure',
      { class: 'watch-stream', dataset: { peer: stream.peerId } },
      this.video,
      h('figcaption', {}, stream.displayName || stream.peerId),
      this.#note,
    );
    this.video.muted = true;
    this.video.addEventListener('playing', () => this.#tell(''));
    if (Hls.isSupported()) this.#play(playlist);
    else this.video.src = token ? `${playlist}?token=${encodeURIComponent(token)}` : playlist;
  }

  hear() {
    this.video.muted = false;
    this.video.play().catch(() => {});
  }

  /** Seconds between what is played and what the server has; null while that is not known. */
  get latencyS() {
    return this.#hls?.latency ?? null;
  }

  close() {
    window.clearTimeout(this.#timer);
    this.#hls?.destroy();
    this.video.removeAttribute('src');
    this.element.remove();
  }

  #play(playlist) {
    const hls = new Hls({
      lowLatencyMode: true,
      backBufferLength: KEPT_BEHIND_S,
      maxLiveSyncPlaybackRate: 1.3,
      xhrSetup: (xhr) => {
        if (this.#token) xhr.setRequestHeader('Authorization', `Bearer ${this.#token}`);
      },
    });
    hls.on(Hls.Events.ERROR, (_, error) => this.#failed(error));
    hls.loadSource(playlist);
    hls.attachMedia(this.video);
    this.#hls = hls;
  }

  #failed(error) {
    if (!error.fatal) return;
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && error.details !== 'manifestIncompatibleCodecsError') {
      this.#hls.recoverMediaError();
      return;
    }
    if (error.type !== Hls.ErrorTypes.NETWORK_ERROR) {
      this.#tell(`This browser cannot play the stream (${error.details}).`);
      return;
    }
    this.#tell('Waiting for the stream …');
    const { url } = this.#hls;
    this.#timer = window.setTimeout(() => this.#hls.loadSource(url), RETRY_MS);
  }

  #tell(text) {
    setText(this.#note, text);
    show(this.#note, text !== '');
  }
}

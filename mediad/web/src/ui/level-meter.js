// How loud a microphone is, as five bars: proof before joining that it hears anything at all.

import { h } from './dom.js';

const BARS = 5;
const PERIOD_MS = 80;

export class LevelMeter {
  element = h(
    'div',
    { class: 'level', 'aria-hidden': 'true' },
    ...Array.from({ length: BARS }, () => h('i')),
  );
  #context = null;
  #source = null;
  #analyser = null;
  #timer = null;
  #track = null;

  /** Watches a track, or nothing. */
  watch(track) {
    if (track === this.#track) return;
    this.#track = track;
    this.#source?.disconnect();
    this.#source = null;
    if (!track) {
      this.stop();
      return;
    }
    this.#context ??= new AudioContext();
    // Without a gesture the context sleeps: the first click or key on the page wakes it.
    if (this.#context.state === 'suspended') {
      for (const gesture of ['pointerdown', 'keydown']) {
        window.addEventListener(gesture, () => this.#context?.resume(), { once: true });
      }
    }
    this.#analyser ??= this.#context.createAnalyser();
    this.#analyser.fftSize = 512;
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
    this.#timer ??= setInterval(() => this.#draw(), PERIOD_MS);
  }

  /** Ends for good and lets the audio hardware go. */
  close() {
    this.stop();
    this.#context?.close();
    this.#context = null;
    this.#analyser = null;
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
    for (const bar of this.element.children) bar.classList.remove('lit');
  }

  #draw() {
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    const peak = samples.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);
    // A logarithmic scale from -50 dBFS up, as ears have it.
    const lit = Math.round(BARS * Math.min(1, Math.max(0, 1 + (20 * Math.log10(peak + 1e-9)) / 50)));
    Array.from(this.element.children).forEach((bar, index) => bar.classList.toggle('lit', index < lit));
  }
}

// What to do when a transport loses its path: wait a moment, restart ICE, and if that does not help give it
// up.
//
// A state machine over `connectionState` with the two actions handed in, so that it can be tested without a
// browser.

export const PATIENCE_MS = 1500;
export const RESTART_DEADLINE_MS = 6000;

export class IceRecovery {
  #restart;
  #giveUp;
  #changed;
  #timer = null;
  #restarting = false;
  #broken = false;
  #stopped = false;

  /**
   * @param {() => Promise<void>} restart asks the server for new ICE parameters and applies them
   * @param {() => void} giveUp called once, when only new transports can help
   * @param {() => void} changed called when `broken` has changed
   */
  constructor(restart, giveUp, changed = () => {}) {
    this.#restart = restart;
    this.#giveUp = giveUp;
    this.#changed = changed;
  }

  /** Whether the path is down, or takes longer to come up than a person should be left without a word. */
  get broken() {
    return this.#broken;
  }

  /** Feeds the transport's `connectionState`. */
  stateChanged(state) {
    if (this.#stopped) return;
    if (state === 'connected') this.#recovered();
    else if (state === 'connecting' && !this.#busy) this.#arm(PATIENCE_MS, () => this.#setBroken(true));
    // Most `disconnected` are a short radio silence that mends itself.
    else if (state === 'disconnected' && !this.#restarting) {
      this.#setBroken(true);
      this.#arm(PATIENCE_MS, () => this.restartNow());
    } else if (state === 'failed' && !this.#restarting) this.restartNow();
  }

  /** Restarts ICE without waiting, for instance because the network has changed. */
  async restartNow() {
    if (this.#stopped || this.#restarting) return;
    this.#restarting = true;
    this.#arm(RESTART_DEADLINE_MS, () => this.#fail());
    try {
      await this.#restart();
    } catch {
      this.#fail();
    }
  }

  stop() {
    this.#stopped = true;
    this.#recovered();
  }

  #recovered() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#restarting = false;
    this.#setBroken(false);
  }

  get #busy() {
    return this.#timer !== null || this.#restarting;
  }

  #setBroken(broken) {
    if (this.#broken === broken) return;
    this.#broken = broken;
    this.#changed();
  }

  #fail() {
    if (this.#stopped) return;
    this.stop();
    this.#giveUp();
  }

  #arm(ms, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      action();
    }, ms);
  }
}

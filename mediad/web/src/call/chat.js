// What people have written to each other during the call, and what of it we have not read yet.
//
// Nothing of it is kept anywhere else: who joins later sees what is said from then on.

/** The most characters of one message; the field does not take more. */
export const MAX_LENGTH = 2000;

const KEPT = 500;

/** Events: `change`, and `message` (detail `{message}`) for each one of somebody else. */
export class Chat extends EventTarget {
  #channels = null;
  #reading = false;
  /** Oldest first; each `{peerId, name, text, at, own}`, `peerId` null for the server's bot. */
  messages = [];
  unread = 0;

  /** Whether a message can be sent now. */
  get open() {
    return this.#channels?.open ?? false;
  }

  /** Whether the person sees new messages at once; what came before is read then, too. */
  set reading(reading) {
    this.#reading = reading;
    if (reading) this.unread = 0;
    this.#changed();
  }

  /** Sends over these channels from now on; null while there are none. */
  attach(channels) {
    this.#channels = channels;
    this.#changed();
  }

  /** Sends a message to everybody; returns whether it could be sent. `name` is our own. */
  async send(text, name) {
    const trimmed = text.trim().slice(0, MAX_LENGTH);
    if (!trimmed || !this.open) return false;
    await this.#channels.send(trimmed);
    this.#add({ peerId: undefined, name, text: trimmed, own: true });
    return true;
  }

  received({ peerId, name, text }) {
    const message = this.#add({ peerId, name, text: text.slice(0, MAX_LENGTH), own: false });
    this.dispatchEvent(new CustomEvent('message', { detail: { message } }));
  }

  #add(message) {
    const dated = { ...message, at: new Date() };
    this.messages = [...this.messages, dated].slice(-KEPT);
    if (!dated.own && !this.#reading) this.unread += 1;
    this.#changed();
    return dated;
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

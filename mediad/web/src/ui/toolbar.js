// The row of buttons under the stage, and the keys that press them.

import { invitationUrl } from '../core/options.js';
import { h, setText, show } from './dom.js';
import { icon, setIcon } from './icons.js';

/** Events: `chat`, `settings`, `leave`, `copied` (detail `{ok, url}`). */
export class Toolbar extends EventTarget {
  #call;
  #mic = this.#button('mic', 'm', () => this.#toggleMic());
  #camera = this.#button('camera', 'v', () => this.#call.media.setWebcam(!this.#call.media.isOn('webcam')));
  #screen = this.#button('screen', 's', () => this.#toggleShare());
  #chat = this.#button('chat', 'c', () => this.dispatchEvent(new Event('chat')));
  #badge = h('span', { class: 'badge', hidden: true });
  #link = this.#button('link', 'l', () => this.copyLink(), 'Copy the link to this room');
  #settings = this.#button('settings', ',', () => this.dispatchEvent(new Event('settings')), 'Settings');
  #leave = this.#button('leave', null, () => this.dispatchEvent(new Event('leave')), 'Leave the call');
  element;

  constructor(call) {
    super();
    this.#call = call;
    this.#leave.classList.add('danger');
    const { produce, datachannel } = call.options;
    for (const button of [this.#mic, this.#camera, this.#screen]) show(button, produce);
    show(this.#chat, datachannel);
    this.#chat.append(this.#badge);
    if (!navigator.mediaDevices?.getDisplayMedia) show(this.#screen, false);
    this.element = h(
      'nav',
      { class: 'toolbar', 'aria-label': 'Call controls' },
      this.#mic,
      this.#camera,
      this.#screen,
      h('span', { class: 'toolbar-gap' }),
      this.#chat,
      this.#link,
      this.#settings,
      h('span', { class: 'toolbar-gap' }),
      this.#leave,
    );
  }

  /** @param {boolean} chatOpen whether the chat is to be seen */
  update(chatOpen) {
    const { media, chat } = this.#call;
    this.#chat.classList.toggle('active', chatOpen);
    this.#chat.setAttribute('aria-pressed', String(chatOpen));
    const unread = chat.unread > 0 ? `, ${chat.unread} unread` : '';
    label(this.#chat, `${chatOpen ? 'Close' : 'Open'} chat${unread}`);
    setText(this.#badge, chat.unread > 99 ? '99+' : String(chat.unread));
    show(this.#badge, chat.unread > 0);
    this.#toggle(this.#mic, media.isOn('mic'), 'mic', 'Mute microphone', 'Unmute microphone');
    this.#toggle(this.#camera, media.isOn('webcam'), 'camera', 'Turn camera off', 'Turn camera on');
    const sharing = media.isOn('share');
    setIcon(this.#screen, sharing ? 'screenOff' : 'screen');
    this.#screen.classList.toggle('active', sharing);
    this.#screen.setAttribute('aria-pressed', String(sharing));
    label(this.#screen, sharing ? 'Stop sharing your screen' : 'Share your screen');
  }

  /** Presses the button a key stands for; true when there is one. */
  press(key) {
    const button = [this.#mic, this.#camera, this.#screen, this.#chat, this.#link, this.#settings].find(
      (one) => one.getAttribute('aria-keyshortcuts') === key && !one.hidden,
    );
    button?.click();
    return Boolean(button);
  }

  async copyLink() {
    const url = invitationUrl(window.location, this.#call.roomId);
    let ok = true;
    try {
      await navigator.clipboard.writeText(url);
    } catch {
      ok = false;
    }
    this.dispatchEvent(new CustomEvent('copied', { detail: { ok, url } }));
  }

  #toggleMic() {
    const { media } = this.#call;
    media.setMic(!media.isOn('mic'));
  }

  #toggleShare() {
    const { media } = this.#call;
    if (media.isOn('share')) media.stopShare();
    else media.startShare();
  }

  #toggle(button, on, name, whenOn, whenOff) {
    setIcon(button, on ? name : `${name}Off`);
    button.classList.toggle('off', !on);
    button.setAttribute('aria-pressed', String(on));
    label(button, on ? whenOn : whenOff);
  }

  #button(name, key, onclick, text) {
    const button = h(
      'button',
      { type: 'button', class: 'round', dataset: { control: name }, onclick },
      icon(name),
    );
    if (key) button.setAttribute('aria-keyshortcuts', key);
    if (text) label(button, text);
    return button;
  }
}

function label(button, text) {
  const key = button.getAttribute('aria-keyshortcuts');
  button.setAttribute('aria-label', text);
  button.title = key ? `${text} (${key.toUpperCase()})` : text;
}

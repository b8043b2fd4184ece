// The page's entry: from the URL to the lobby or straight into the call, and out of it again.

import { Call } from './call/call.js';
import { randomDisplayName, randomPeerId } from './core/names.js';
import { parseOptions } from './core/options.js';
import { exposeSupport } from './support.js';
import { CallView } from './ui/call-view.js';
import { endView, ENDS } from './ui/end-view.js';
import { Lobby } from './ui/lobby.js';
import { applyTheme, recall, remember } from './ui/preferences.js';
import { Toasts } from './ui/toasts.js';

const root = document.getElementById('app');
const toasts = new Toasts();

/** Returning means starting afresh: the address bar already names the room. */
const startAgain = () => window.location.reload();

function startAnother() {
  window.location.assign(window.location.pathname);
}

/** Lets a reload, a bookmark or a copied address bar come back to the same room. */
function nameRoomInAddressBar(roomId) {
  const url = new URL(window.location.href);
  url.searchParams.set('roomId', roomId);
  url.searchParams.delete('lobby');
  window.history.replaceState(null, '', url);
}

function enter(call, { roomId, peerId, displayName }) {
  nameRoomInAddressBar(roomId);
  document.title = `${roomId} · mediad`;
  call.enter({ roomId, peerId, displayName });
  const view = new CallView(call, toasts, { onLeave: () => call.leave() });
  call.addEventListener('state', () => {
    if (!ENDS.has(call.state)) return;
    root.replaceChildren(
      endView(call.state, roomId, call.trouble, { onReturn: startAgain, onNew: startAnother }),
      toasts.element,
    );
  });
  root.replaceChildren(view.element, toasts.element);
}

function start() {
  applyTheme(recall('theme'));
  const options = parseOptions(window.location.search);
  const call = new Call(options);
  const peerId = options.peerId || randomPeerId();
  const displayName = options.displayName || recall('name') || randomDisplayName();
  exposeSupport(call);
  window.addEventListener('pagehide', () => call.leave());
  // The lobby shows problems in its own place; from then on they are toasts.
  const warn = ({ detail }) => toasts.warn(detail.message);
  if (!options.lobby) call.addEventListener('problem', warn);
  if (options.produce) call.media.start({ audio: options.audio, video: options.video });
  if (!options.lobby) {
    enter(call, { roomId: options.roomId, peerId, displayName });
    return;
  }
  const lobby = new Lobby(call.media, { ...options, displayName }, (choice) => {
    remember('name', choice.displayName);
    lobby.remove();
    call.addEventListener('problem', warn);
    enter(call, { ...choice, peerId });
  });
  root.replaceChildren(lobby.element, toasts.element);
  lobby.focus();
}

start();

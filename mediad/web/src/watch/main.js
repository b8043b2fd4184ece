// The entry of the page at /watch/ROOM: what the room shows over HLS, without joining it.

import { h, setText, show } from '../ui/dom.js';
import { applyTheme, recall } from '../ui/preferences.js';
import { Lineup } from './lineup.js';
import { Player } from './player.js';

const LOOK_EVERY_MS = 2000;

const roomId = decodeURIComponent(window.location.pathname.replace(/\/+$/, '').split('/').pop());
const room = new URL(`../hls/${encodeURIComponent(roomId)}/`, window.location.href);
const token = new URLSearchParams(window.location.search).get('token');

const note = h('p', { class: 'watch-note', role: 'status' });
const grid = h('main', { class: 'watch-grid' });
const sound = h('button', { type: 'button', class: 'button primary watch-sound', onclick: hear }, 'Sound on');
const players = new Map();
let heard = false;

/** Browsers let a page play sound only after a click. */
function hear() {
  heard = true;
  show(sound, false);
  for (const player of players.values()) player.hear();
}

function begin(stream) {
  const player = new Player(stream, new URL(stream.playlist, room).href, token);
  if (heard) player.hear();
  players.set(stream.peerId, player);
  grid.append(player.element);
}

function end(peerId) {
  players.get(peerId).close();
  players.delete(peerId);
}

const lineup = new Lineup({ begin, end });

/** Returns what the room shows now, or the reason why that is not known. */
async function look() {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  try {
    const answer = await fetch(new URL('streams', room), { headers, cache: 'no-store' });
    if (answer.ok) return { streams: (await answer.json()).streams, trouble: null };
    if (answer.status === 404) return { streams: [], trouble: null };
    return { streams: null, trouble: await answer.text() };
  } catch {
    return { streams: null, trouble: 'The server does not answer. This page goes on asking.' };
  }
}

async function watch() {
  const { streams, trouble } = await look();
  if (streams) lineup.set(streams);
  grid.dataset.count = String(players.size);
  setText(note, trouble ?? (players.size ? '' : `Nothing is shown from ${roomId} now. This page goes on looking.`));
  show(note, note.textContent !== '');
  show(sound, players.size > 0 && !heard);
  window.setTimeout(watch, LOOK_EVERY_MS);
}

applyTheme(recall('theme'));
document.title = `${roomId} · mediad`;
document.getElementById('watch').append(grid, note, sound);
show(sound, false);
window.mediadWatch = { roomId, players };
watch();

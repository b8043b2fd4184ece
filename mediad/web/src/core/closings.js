// Why a connection ended, from its close code and reason, in words for the person in front of the page: what
// happened, and what to do.
//
// 4000 is the one code after which apps stay away; its reason tells a second window from an operator. Codes
// from 4400 are HTTP refusals, which a browser hides from a page that does not ask for them (`explain`).

export const NO_ANSWER = 'No answer from the server.';

const REPLACED = 'replaced by a newer connection';
const FINAL = 4000;
const REFUSAL = 4000;

/** What 1012 (come back) is about, by the beginning of its reason. */
const INTERRUPTIONS = [
  ['media worker died', 'A part of the server failed.'],
  ['the room moves', 'The room moves to another part of the server.'],
  ['the server is', 'The server restarts.'],
  ['ICE', 'Audio and video did not get through.'],
  ['DTLS', 'Audio and video did not get through.'],
];

/** What 503 is about. */
const UNAVAILABLE = [
  [/^the limit room_peers /, 'This room is full. You come in when somebody leaves.'],
  [/^the limit /, 'The server is full. You come in when there is a place.'],
  [/draining|stopping/, 'The server takes no new calls: its operator is about to restart it.'],
  [/^no worker/, 'The server is not ready yet.'],
];

const starting = (reason, table) => table.find(([start]) => reason.startsWith(start))?.[1];

function refusal(status, reason) {
  if (status === 503) {
    const known = UNAVAILABLE.find(([pattern]) => pattern.test(reason))?.[1];
    return { final: null, text: known ?? `The server cannot take you now (${reason}).` };
  }
  if (status === 429) {
    return { final: null, text: `Too much comes from your network at the moment (${reason}).` };
  }
  if (status === 401) {
    const advice = /expired/.test(reason)
      ? 'Your invitation has expired. Ask for a new link.'
      : 'This link does not let you in. Ask for a new link.';
    return { final: 'refused', text: `${advice} (The server says: ${reason}.)` };
  }
  if (status === 500) return { final: null, text: `The server made a mistake (${reason}).` };
  return { final: 'refused', text: `The server did not let this page in: ${reason}.` };
}

/**
 * @param {{code: number, reason: string, opened: boolean, online: boolean}} close what the socket said;
 *     `opened` is whether the connection was ever there
 * @returns {{final: 'replaced'|'removed'|'refused'|null, text: string|null}} `final` is how the call ends, null
 *     when another attempt makes sense; `text` is null when there is nothing to say but that
 */
export function explainClose({ code, reason, opened, online }) {
  if (code === FINAL) {
    if (reason.startsWith(REPLACED)) return { final: 'replaced', text: null };
    return { final: 'removed', text: reason ? `The operator of the server says: “${reason}”` : null };
  }
  if (code >= REFUSAL + 400 && code < REFUSAL + 600) return refusal(code - REFUSAL, reason);
  if (code === 1012) return { final: null, text: starting(reason, INTERRUPTIONS) ?? null };
  if (code === 1013) return { final: null, text: 'Your connection is too slow for this call.' };
  if (code === 1008 || code === 1009) {
    return { final: null, text: `The server did not understand this page (${reason}). Reload it.` };
  }
  if (!online) return { final: null, text: 'You are offline.' };
  return { final: null, text: opened ? null : NO_ANSWER };
}

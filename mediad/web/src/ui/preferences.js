// What the browser remembers for the next call. Storage may be forbidden; then nothing is remembered, and
// nothing breaks.

const PREFIX = 'mediad.';

export function recall(key) {
  try {
    return window.localStorage.getItem(PREFIX + key) ?? '';
  } catch {
    return '';
  }
}

export function remember(key, value) {
  try {
    window.localStorage.setItem(PREFIX + key, value);
  } catch {
    // Private windows may refuse; the call goes on.
  }
}

/** Applies `auto`, `light` or `dark` to the page. */
export function applyTheme(theme) {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

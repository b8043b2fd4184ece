// A very small way to write elements.

/**
 * Makes an element. `on*` functions become listeners, `dataset` and `class` are understood, booleans set or
 * omit an attribute, everything else becomes an attribute. Children may be nodes, strings, or null.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'dataset') Object.assign(element.dataset, value);
    else if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (typeof value === 'boolean') element.toggleAttribute(name, value);
    else if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Shows or hides an element without touching its layout rules elsewhere. */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Sets text only when it differs, so that screen readers hear changes once. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Plays a stream's track in a media element, keeping the element's stream object while the track is the same.
 */
export function playTrack(element, track) {
  const current = element.srcObject?.getTracks()[0] ?? null;
  if (current === track) return;
  element.srcObject = track ? new MediaStream([track]) : null;
}

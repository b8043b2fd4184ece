// The icons, drawn on a 24 × 24 grid with one stroke width.

const PATHS = {
  mic: '<rect x="9" y="2.5" width="6" height="12" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v3.5"/>',
  micOff:
    '<path d="M9 5.5a3 3 0 0 1 6 0V11m-.6 2.6A3 3 0 0 1 9 11.5V9M5 11a7 7 0 0 0 11.2 5.6M19 11a7 7 0 0 1-.6 2.8M12 18v3.5M3 3l18 18"/>',
  camera: '<rect x="2.5" y="6" width="13" height="12" rx="2.5"/><path d="m15.5 10.5 6-3.5v10l-6-3.5"/>',
  cameraOff:
    '<path d="M10 6h3a2.5 2.5 0 0 1 2.5 2.5v2l6-3.5v10l-3.2-1.9M15.4 16a2.5 2.5 0 0 1-2.4 2H5a2.5 2.5 0 0 1-2.5-2.5v-7A2.5 2.5 0 0 1 5 6M3 3l18 18"/>',
  screen:
    '<rect x="2.5" y="4" width="19" height="13" rx="2.5"/><path d="M8 21h8M12 13.5v-6m-2.7 2.6L12 7.4l2.7 2.7"/>',
  screenOff:
    '<rect x="2.5" y="4" width="19" height="13" rx="2.5"/><path d="M8 21h8M9.7 8.2l4.6 4.6m0-4.6-4.6 4.6"/>',
  link: '<path d="M10 14a4.2 4.2 0 0 0 6 0l3-3a4.24 4.24 0 1 0-6-6l-1 1M14 10a4.2 4.2 0 0 0-6 0l-3 3a4.24 4.24 0 1 0 6 6l1-1"/>',
  settings:
    '<path d="M4 7h9m4 0h3M4 17h3m4 0h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>',
  leave:
    '<path d="M3.2 15.6c-.9-1-.8-2.5.3-3.4 4.9-4.2 12.1-4.2 17 0 1.1.9 1.2 2.4.3 3.4l-1 1.1c-.6.7-1.6.8-2.3.3l-2-1.3a1.7 1.7 0 0 1-.7-1.7l.2-1.1a11 11 0 0 0-6 0l.2 1.1c.1.7-.1 1.3-.7 1.7l-2 1.3c-.7.5-1.7.4-2.3-.3z"/>',
  people:
    '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18.5 14.2A6.5 6.5 0 0 1 21.5 20"/>',
  pin: '<path d="M9 3.5h6l-.8 6 3.3 3.5v1.5h-11V13l3.3-3.5zM12 14.5v6"/>',
  pause: '<path d="M8.5 5v14M15.5 5v14"/>',
  check: '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
  chat: '<path d="M12 3.5c5.2 0 9.3 3.4 9.3 7.8s-4.1 7.8-9.3 7.8c-1 0-2-.1-2.9-.4L4 20.8l1.2-4.1a7 7 0 0 1-2.5-5.4c0-4.4 4.1-7.8 9.3-7.8z"/>',
  send: '<path d="M4.5 12h8M4 4.5l16.5 7.5L4 19.5 6 12z"/>',
  close: '<path d="m6 6 12 12M18 6 6 18"/>',
  sound: '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11"/>',
  sun: '<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2m0 15v2M2.5 12h2m15 0h2M5.3 5.3l1.4 1.4m10.6 10.6 1.4 1.4m0-13.4-1.4 1.4M6.7 17.3l-1.4 1.4"/>',
};

/** An icon as an element, hidden from screen readers: the control around it carries the words. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' })) {
    svg.setAttribute(key, value);
  }
  svg.innerHTML = PATHS[name];
  return svg;
}

/** Replaces the icon inside a control. */
export function setIcon(element, name) {
  if (element.dataset.icon === name) return;
  element.dataset.icon = name;
  element.querySelector('.icon')?.remove();
  element.prepend(icon(name));
}

// Where the tiles go: pure geometry in CSS pixels. A rectangle is `{x, y, width, height}` inside the stage.

export const GAP = 10;
const WIDEST = 16 / 9;

/** The largest box of an allowed shape inside a cell, in whole pixels. */
function fit(cellWidth, cellHeight, narrowest) {
  if (cellWidth < 1 || cellHeight < 1) return { width: 0, height: 0 };
  const width = Math.min(cellWidth, cellHeight * WIDEST);
  const height = Math.min(cellHeight, width / narrowest);
  return { width: Math.floor(width), height: Math.floor(height) };
}

/** Chooses the number of columns that makes `count` equal tiles largest. */
function chooseColumns(count, width, height, gap) {
  // Faces survive a cut to 4:3 on a landscape stage and to 3:4 on a phone held upright.
  const narrowest = width >= height ? 4 / 3 : 3 / 4;
  let best = { columns: count, rows: 1, width: 1, height: 1, area: 0, empty: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const tile = fit((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows, narrowest);
    const area = tile.width * tile.height;
    const empty = columns * rows - count;
    // Of two nearly equal areas the one with fewer empty places looks better.
    if (area > best.area * 1.02 || (area > best.area * 0.98 && empty < best.empty)) {
      best = { columns, rows, ...tile, area, empty };
    }
  }
  return best;
}

/** Lays `count` equal tiles into a box, as large as can be, rows centred. */
export function gridRects(count, { x, y, width, height }, gap = GAP) {
  if (count < 1) return [];
  const { columns, rows, ...tile } = chooseColumns(count, width, height, gap);
  const top = y + (height - rows * tile.height - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = x + (width - inRow * tile.width - (inRow - 1) * gap) / 2;
    return {
      x: Math.round(left + (index - row * columns) * (tile.width + gap)),
      y: Math.round(top + row * (tile.height + gap)),
      width: tile.width,
      height: tile.height,
    };
  });
}

/**
 * Gives one tile (a shared screen, a pinned person) most of the stage, and `others` tiles a strip beside or
 * below it.
 *
 * @returns {{main: object, others: object[]}} rectangles
 */
export function spotlightRects(others, { x, y, width, height }, gap = GAP) {
  if (others < 1) return { main: { x, y, width, height }, others: [] };
  if (width >= height * 1.2) {
    const strip = Math.round(Math.min(Math.max(width * 0.2, 120), 300));
    const mainWidth = width - strip - gap;
    return {
      main: { x, y, width: mainWidth, height },
      others: gridRects(others, { x: x + mainWidth + gap, y, width: strip, height }, gap),
    };
  }
  const strip = Math.round(Math.min(Math.max(height * 0.24, 90), 220));
  const mainHeight = height - strip - gap;
  return {
    main: { x, y, width, height: mainHeight },
    others: gridRects(others, { x, y: y + mainHeight + gap, width, height: strip }, gap),
  };
}

/** The corner that our own small picture floats in: bottom right, or top right on an upright phone. */
export function cornerRect({ x, y, width, height }) {
  const upright = height > width;
  const own = upright ? Math.min(110, width * 0.3) : Math.min(Math.max(width * 0.17, 120), 240);
  const size = { width: Math.round(own), height: Math.round(upright ? (own * 4) / 3 : (own * 9) / 16) };
  return { x: x + width - size.width - GAP, y: upright ? y + GAP : y + height - size.height - GAP, ...size };
}

/**
 * Whether our own picture may float over `others` tiles; in a denser grid it would hide somebody and takes a
 * place.
 */
export function selfFloats(others, { width, height }) {
  if (height > width) return others <= 2;
  return others <= (height < 420 ? 1 : 3);
}

/**
 * The simulcast layer worth asking for when a video is shown `heightPx` device pixels high.
 *
 * Layers halve in size downwards from a 720-line camera. Only clearly small tiles step down, so that an
 * ordinary call never costs its sender a key frame for the sake of a few pixels.
 *
 * @param {number} layers how many spatial layers there are
 */
export function spatialLayerFor(heightPx, layers) {
  const top = layers - 1;
  if (heightPx > 270) return top;
  return Math.max(0, heightPx > 135 ? top - 1 : top - 2);
}

import assert from 'node:assert/strict';
import test from 'node:test';

import {
  cornerRect,
  gridRects,
  selfFloats,
  spatialLayerFor,
  spotlightRects,
} from '../../mediad/web/src/core/layout.js';

const STAGES = {
  desktop: [1252, 674],
  laptop: [1000, 560],
  phone: [374, 730],
  strip: [250, 674],
  sliver: [60, 40],
};
const box = ([width, height], x = 0, y = 0) => ({ x, y, width, height });

function assertInside(rects, { x, y, width, height }) {
  for (const rect of rects) {
    assert.ok(rect.x >= x && rect.y >= y, `${JSON.stringify(rect)} starts outside`);
    assert.ok(rect.x + rect.width <= x + width + 1, `${JSON.stringify(rect)} is too far right`);
    assert.ok(rect.y + rect.height <= y + height + 1, `${JSON.stringify(rect)} is too far down`);
  }
}

function assertApart(rects) {
  const overlap = (a, b) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  rects.forEach((a, i) =>
    rects.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b), JSON.stringify([a, b]))),
  );
}

for (const [name, size] of Object.entries(STAGES)) {
  test(`1 to 16 tiles stay inside a ${name} stage and apart from each other`, () => {
    for (let count = 1; count <= 16; count += 1) {
      const rects = gridRects(count, box(size, 3, 7));
      assert.equal(rects.length, count);
      if (name !== 'sliver') assertInside(rects, box(size, 3, 7));
      assertApart(rects);
    }
  });
}

test('tiles keep a shape that suits a face', () => {
  for (const size of [STAGES.desktop, STAGES.phone]) {
    const narrowest = size[0] >= size[1] ? 4 / 3 : 3 / 4;
    for (let count = 1; count <= 16; count += 1) {
      const { width, height } = gridRects(count, box(size))[0];
      assert.ok(width / height <= 16 / 9 + 0.02, `${count}: ${width}x${height}`);
      assert.ok(width / height >= narrowest - 0.02, `${count}: ${width}x${height}`);
    }
  }
});

test('known arrangements', () => {
  const columns = (count, size) => new Set(gridRects(count, box(size)).map((rect) => rect.x)).size;
  assert.equal(columns(1, STAGES.desktop), 1);
  assert.equal(columns(2, STAGES.desktop), 2);
  assert.equal(columns(4, STAGES.desktop), 2);
  assert.equal(columns(9, STAGES.desktop), 3);
  assert.equal(columns(16, STAGES.desktop), 4);
  assert.equal(columns(2, STAGES.phone), 1);
  assert.equal(columns(6, STAGES.phone), 2);
});

test('one tile fills more than half of any ordinary stage', () => {
  for (const size of [STAGES.desktop, STAGES.laptop, STAGES.phone]) {
    const [{ width, height }] = gridRects(1, box(size));
    assert.ok((width * height) / (size[0] * size[1]) > 0.5);
  }
});

test('an incomplete row is centred', () => {
  const rects = gridRects(3, box(STAGES.desktop));
  const centre = rects[2].x + rects[2].width / 2;
  assert.ok(Math.abs(centre - STAGES.desktop[0] / 2) <= 1);
});

test('no tiles, no rectangles', () => {
  assert.deepEqual(gridRects(0, box(STAGES.desktop)), []);
});

test('a spotlight leaves the main picture most of the stage', () => {
  for (const size of [STAGES.desktop, STAGES.phone]) {
    for (let others = 0; others <= 15; others += 1) {
      const { main, others: rest } = spotlightRects(others, box(size));
      assert.equal(rest.length, others);
      assertInside([main, ...rest], box(size));
      assertApart([main, ...rest]);
      assert.ok((main.width * main.height) / (size[0] * size[1]) > 0.6);
    }
  }
});

test('our own picture floats in a corner inside the stage', () => {
  for (const size of [STAGES.desktop, STAGES.phone]) assertInside([cornerRect(box(size))], box(size));
});

test('our own picture takes a place once it would hide somebody', () => {
  const [desktop, phone] = [box(STAGES.desktop), box(STAGES.phone)];
  assert.deepEqual(
    [1, 3, 4, 15].map((others) => selfFloats(others, desktop)),
    [true, true, false, false],
  );
  assert.deepEqual(
    [1, 2, 3].map((others) => selfFloats(others, phone)),
    [true, true, false],
  );
  assert.deepEqual(
    [1, 2].map((others) => selfFloats(others, { width: 820, height: 270 })),
    [true, false],
  );
});

test('small tiles ask for small layers, and never for one that does not exist', () => {
  assert.deepEqual(
    [700, 300, 200, 100].map((px) => spatialLayerFor(px, 3)),
    [2, 2, 1, 0],
  );
  assert.deepEqual(
    [700, 200, 100].map((px) => spatialLayerFor(px, 2)),
    [1, 0, 0],
  );
  assert.deepEqual(
    [700, 100].map((px) => spatialLayerFor(px, 1)),
    [0, 0],
  );
});

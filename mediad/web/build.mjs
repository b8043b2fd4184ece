// Bundles the pages into dist/: each beside a script and a style sheet whose names carry a hash of their content.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, 'dist');

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: {
    app: 'src/main.js',
    style: 'src/styles/main.css',
    watch: 'src/watch/main.js',
    'watch-style': 'src/styles/watch.css',
  },
  entryNames: '[name]-[hash]',
  outdir: 'dist/assets',
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome111', 'firefox120', 'safari16.4'],
  // A dependency that looks for node's globals finds the browser's.
  define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
});

/** Where an entry point ended up, as a path from dist. */
function outputOf(entryPoint) {
  const [file] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entryPoint);
  return path.relative('dist', file);
}

/** `up` leads from the page's URL to that of dist. */
async function writePage(name, script, style, up = '') {
  const html = await readFile(path.join(here, `src/${name}`), 'utf8');
  const page = html.replace('{{style}}', up + outputOf(style)).replace('{{script}}', up + outputOf(script));
  await writeFile(path.join(dist, name), page);
}

await writePage('index.html', 'src/main.js', 'src/styles/main.css');
await writePage('watch.html', 'src/watch/main.js', 'src/styles/watch.css', '../');
for (const [file, { bytes }] of Object.entries(metafile.outputs))
  console.log(`${file} ${Math.round(bytes / 1024)} KiB`);

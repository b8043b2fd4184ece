// Bundles each app into one file of dist/, with the bundler and the packages of the page in mediad/web.

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const page = path.join(here, '../../mediad/web/node_modules');
const { build } = createRequire(import.meta.url)(path.join(page, 'esbuild'));

await build({
  absWorkingDir: here,
  entryPoints: ['demo_a.js', 'demo_a_new.js', 'demo_b.js', 'learning_demo.js', 'meetlite.js'],
  outdir: 'dist',
  bundle: true,
  format: 'iife',
  platform: 'browser',
  nodePaths: [page],
  logLevel: 'warning',
  define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
});

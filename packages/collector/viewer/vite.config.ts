import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'dist', 'public');

/** Copies Swagger UI, which is the console, and the page around it. */
function console(): Plugin {
  return {
    name: 'console',
    closeBundle() {
      const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
      mkdirSync(join(out, 'console'), { recursive: true });
      cpSync(join(here, 'console'), join(out, 'console'), { recursive: true });
      for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE', 'NOTICE'])
        copyFileSync(join(from, file), join(out, 'console', file));
    },
  };
}

export default defineConfig({
  root: here,
  base: './',
  resolve: { conditions: ['@auditlogin/source', 'browser', 'module', 'import', 'default'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: out, emptyOutDir: true, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1_000, target: 'es2022' },
  plugins: [console()],
});

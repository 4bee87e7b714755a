import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const daemon = process.env.SPATE_SERVER ?? 'http://127.0.0.1:8471';

/** Writes each file compressed too; the daemon serves those as they are. Browsers take brotli over https and on loopback alone. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir = '' }, bundle) {
      const names = Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css|svg)$/.test(name));
      for (const name of names) {
        const bytes = await readFile(join(dir, name));
        if (bytes.length < 1000) continue;
        const size = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        await writeFile(join(dir, `${name}.br`), brotliCompressSync(bytes, { params: size }));
        await writeFile(join(dir, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  // Relative addresses: the same build works below any base path.
  base: './',
  plugins: [react(), compressed()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2023',
    // No file is put into a data: address; the content security policy allows none for scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { '/api': { target: daemon, changeOrigin: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'], reporters: ['default'] },
});

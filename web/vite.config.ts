import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const daemon = process.env.SPATE_SERVER ?? 'http://127.0.0.1:8471';

export default defineConfig({
  // Relative addresses: the same build works below any base path.
  base: './',
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2023',
    // No file is put into a data: address; the content security policy allows none for scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // React, Mantine and the table: one file, 260 kB on the wire, cached for good.
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': { target: daemon, changeOrigin: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'], reporters: ['default'] },
});

import { defineConfig } from '@playwright/test';

// Debian's Chromium, against a real daemon, tracker and seeder on loopback. One at a time: they share nothing, but the machine may be small.
export default defineConfig({
  testDir: 'browser',
  outputDir: 'test-results',
  workers: 1,
  timeout: 240_000,
  expect: { timeout: 60_000 },
  reporter: [['list'], ['json', { outputFile: process.env.SPATE_BROWSER_REPORT ?? 'test-results/report.json' }]],
  use: {
    viewport: { width: 1360, height: 820 },
    locale: 'en-GB',
    actionTimeout: 30_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.SPATE_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        // Root in a container has neither Chromium's sandbox nor much shared memory.
        '--no-sandbox',
        '--disable-dev-shm-usage',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--enable-precise-memory-info',
      ],
    },
  },
});

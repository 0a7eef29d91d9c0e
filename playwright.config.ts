import { defineConfig } from '@playwright/test';
import { chromiumPath, GPU_ARGS } from './scripts/chromium.mjs';

const PORT = Number(process.env['FLOWS_PORT'] ?? 4173);
const DIST = process.env['FLOWS_DIST'] ?? 'dist';
/** The built site, served below a sub-path as a static host would (decision 37). */
export const SITE = `http://127.0.0.1:${PORT}/sub/headlight/`;
const executablePath = chromiumPath();

export default defineConfig({
  testDir: 'e2e/flows',
  testMatch: '*.flow.ts',
  outputDir: 'test-results/flows',
  // One software GPU on two cores: one page at a time.
  workers: 1,
  fullyParallel: false,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list'], ['json', { outputFile: 'test-results/flows.json' }]],
  use: {
    baseURL: SITE,
    actionTimeout: 30_000,
    viewport: { width: 1280, height: 900 },
    launchOptions: { ...(executablePath ? { executablePath } : { channel: 'chromium' }), args: GPU_ARGS },
  },
  webServer: {
    command: `node scripts/serve.mjs --port ${PORT} --base /sub/headlight/ --dir ${DIST}`,
    url: SITE,
    reuseExistingServer: false,
  },
});

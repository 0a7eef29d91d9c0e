import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumPath, GPU_ARGS } from './scripts/chromium.mjs';

// Kernels are tested in the browser that people use; the headless shell has no WebGPU, so the full Chromium runs.
const executablePath = chromiumPath();

// Real small models that nobody here made (decision 38); tests skip, and say so, when the folder is absent.
const fixtures = resolve(process.env['HEADLIGHT_FIXTURES'] ?? '../shared/fixtures');
const hasFixtures = existsSync(fixtures);

export default defineConfig({
  // Found on first use, a dependency makes Vite reload the page in the middle of a test file.
  optimizeDeps: {
    include: ['zustand', 'zustand/middleware', 'react', 'react-dom/client', 'react/jsx-dev-runtime', 'd3'],
  },
  server: { fs: { allow: ['.', ...(hasFixtures ? [fixtures] : [])] } },
  test: {
    // Read by e2e/fixtures/fixtures.ts; '' when absent.
    provide: { fixtures: hasFixtures ? `/@fs${fixtures}/` : '' },
    include: [
      'src/**/*.test.ts',
      'src/**/*.test.tsx',
      'e2e/golden/**/*.test.ts',
      'e2e/gates/**/*.test.ts',
      'e2e/reference/**/*.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One GPU, two cores: files run one after the other.
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: { ...(executablePath ? { executablePath } : { channel: 'chromium' }), args: GPU_ARGS },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
});

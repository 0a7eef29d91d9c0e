import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Flags with which headless Chromium offers WebGPU on SwiftShader and stays off the network. */
export const GPU_ARGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** CHROMIUM_PATH, else chromium or google-chrome on PATH, else undefined (Playwright's own is then used). */
export function chromiumPath() {
  const named = process.env.CHROMIUM_PATH;
  if (named && existsSync(named)) return named;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .trim();
    } catch {
      // not on PATH: try the next name
    }
  }
  return undefined;
}

import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/**
 * The Content-Security-Policy of the built page (decision 28). A header may repeat it; the meta element holds on any
 * static host. Workers started from a blob inherit it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "worker-src 'self' blob:",
  "connect-src 'self' blob:",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "form-action 'none'",
  "object-src 'none'",
  "base-uri 'none'",
].join('; ');

/** Builds only: the dev server's React refresh writes an inline script and opens a WebSocket. */
const contentSecurityPolicy = (): Plugin => ({
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
      injectTo: 'head-prepend',
    },
  ],
  /** The same as headers, for hosts that read this file (Netlify, Cloudflare Pages): a second belt. */
  generateBundle() {
    const source = `/*\n  Content-Security-Policy: ${POLICY}\n  Referrer-Policy: no-referrer\n`;
    this.emitFile({ type: 'asset', fileName: '_headers', source });
  },
});

// base './': dist/ works below any sub-path of a static host. The product needs no COOP/COEP (decision 37).
export default defineConfig({
  base: './',
  plugins: [react(), contentSecurityPolicy()],
  build: { target: 'es2022', sourcemap: true },
  worker: { format: 'es' },
});

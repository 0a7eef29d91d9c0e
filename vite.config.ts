import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// base './': dist/ works below any sub-path of a static host. The product needs no COOP/COEP (decision 37).
export default defineConfig({
  base: './',
  plugins: [react()],
  build: { target: 'es2022', sourcemap: true },
  worker: { format: 'es' },
});

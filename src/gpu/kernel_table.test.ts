import { expect, test } from 'vitest';
import { collectKernels, kernelFaults, kernelTable } from './kernel_table.ts';

const sources = import.meta.glob<string>(['/src/**/*.ts', '!/src/**/*.test.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const shaders = import.meta.glob<string>('/src/shaders/**/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const pages = import.meta.glob<string>('/docs/kernels.md', { query: '?raw', import: 'default', eager: true });
const lazy = import.meta.glob<object>([
  '/src/gpu/ops/*.ts',
  '/src/sae/**/*.ts',
  '/src/model/**/*.ts',
  '/src/analysis/**/*.ts',
  '!/src/**/*.test.ts',
]);

async function kernels() {
  const modules: Record<string, object> = {};
  for (const [path, load] of Object.entries(lazy))
    if (sources[path]?.includes('defineKernel(')) modules[path] = await load();
  return collectKernels(modules);
}

test('every kernel keeps the rules, and every shader is one kernel file of one module', async () => {
  const found = await kernels();
  expect(found.length).toBeGreaterThan(0);
  expect(kernelFaults(found, shaders, sources)).toEqual([]);
  const names = found.map((r) => r.kernel.spec.name);
  expect(new Set(names).size).toBe(names.length);
});

test('docs/kernels.md is what scripts/kernel_table.ts writes', async () => {
  const page = (pages['/docs/kernels.md'] ?? '').split('\n');
  const made = kernelTable(await kernels()).split('\n');
  const fresh = made.filter((line) => !page.includes(line)).map((line) => line.slice(0, 60));
  const stale = page.filter((line) => !made.includes(line)).map((line) => line.slice(0, 60));
  expect({ fresh, stale }, 'next: npm run script kernel_table').toEqual({ fresh: [], stale: [] });
});

// Writes docs/kernels.md from the kernel specs: node scripts/run.mjs kernel_table
import { writeFileSync } from 'node:fs';
import { collectKernels, kernelTable } from '#gpu/kernel_table.ts';

const sources = import.meta.glob<string>(['/src/**/*.ts', '!/src/**/*.test.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const lazy = import.meta.glob<object>([
  '/src/gpu/ops/*.ts',
  '/src/sae/**/*.ts',
  '/src/model/**/*.ts',
  '/src/analysis/**/*.ts',
  '!/src/**/*.test.ts',
]);

// Reflection names WebGPU's constants, which Node lacks; no device is opened here.
Object.assign(globalThis, { GPUShaderStage: { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 } });

const modules: Record<string, object> = {};
for (const [path, load] of Object.entries(lazy))
  if (sources[path]?.includes('defineKernel(')) modules[path] = await load();
const found = collectKernels(modules);
writeFileSync('docs/kernels.md', kernelTable(found));
console.log(`kernel_table: ${found.length} kernels in docs/kernels.md`);

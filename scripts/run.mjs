// Runs scripts/<name>.ts in Node: Node 20 has no `using`, `?raw` or type stripping, so Vite builds it first.
// Usage: node scripts/run.mjs <name> [args…]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [name, ...args] = process.argv.slice(2);
const entry = resolve(root, 'scripts', `${name}.ts`);
if (!name || !existsSync(entry)) {
  console.error(
    `run: no script '${name ?? ''}' at ${entry}. Next: name a file of scripts/ without its ending.`,
  );
  process.exit(2);
}
const outDir = resolve(root, '.cache/scripts', name);
await build({
  root,
  configFile: false,
  logLevel: 'error',
  // webgpu-utils is bundled, so that base/float16.ts runs before it.
  ssr: { external: ['webgpu'], noExternal: ['webgpu-utils'] },
  build: {
    ssr: entry,
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: { output: { entryFileNames: 'main.mjs' } },
  },
});
const done = spawnSync(process.execPath, ['--enable-source-maps', resolve(outDir, 'main.mjs'), ...args], {
  stdio: 'inherit',
  cwd: root,
});
process.exit(done.status ?? 1);

// npm run bench: Headlight's kernels and its TopK step beside other browser engines, in one Chromium page, in
// interleaved rounds (each engine once a round). Every answer is checked first. Prints medians and ratios; ratios
// count, milliseconds of a shared machine do not. Peers are installed into bench/node_modules on first use.
// Usage: npm run bench -- [--sae 256x128x1024x32,…] [--matmul 128x768x768,…] [--rounds 5] [--peers headlight,jaxjs,tfjs]
//        [--adapter swiftshader|default] [--out file.json]
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { build } from 'vite';
import { chromiumPath, GPU_ARGS } from '../scripts/chromium.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, 'out');
const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const list = (text) => text.split(',').filter(Boolean);
const sizes = (text, names) =>
  list(text).map((s) => Object.fromEntries(s.split('x').map((v, i) => [names[i], Number(v)])));
const peers = list(option('peers', 'headlight,jaxjs,tfjs'));
const rounds = Number(option('rounds', '5'));
const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];

async function bundle() {
  if (!existsSync(join(here, 'node_modules')) && peers.some((p) => p !== 'headlight')) {
    const status = spawnSync(
      'npm',
      [existsSync(join(here, 'package-lock.json')) ? 'ci' : 'install', '--ignore-scripts'],
      { cwd: here, stdio: 'inherit' },
    ).status;
    if (status !== 0)
      throw new Error(
        'bench: the peers could not be installed. Next: npm ci --prefix bench, or --peers headlight.',
      );
  }
  for (const peer of peers)
    await build({
      root: resolve(here, '..'),
      configFile: false,
      logLevel: 'error',
      define: { 'process.env.NODE_ENV': '"production"' },
      publicDir: false,
      build: {
        outDir: join(out, peer),
        emptyOutDir: true,
        target: 'es2022',
        lib: {
          entry: join(here, `peer_${peer}.${peer === 'headlight' ? 'ts' : 'mjs'}`),
          formats: ['es'],
          fileName: () => 'peer.js',
        },
      },
    });
}

function serve() {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/')
      return response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>bench</title>');
    const file = join(out, path);
    if (!file.startsWith(out) || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'text/javascript' });
    createReadStream(file).pipe(response);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

/** Runs in the page: sets a problem up for one peer and returns what is checked. */
async function setUp(page, kind, peer, problem) {
  return page.evaluate(
    async ({ kind, peer, problem }) => {
      const normals = (n, seed) => {
        let s = seed;
        return Float32Array.from({ length: n }, () => {
          s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
          return s / 2147483648 - 1;
        });
      };
      const started = performance.now();
      const module = globalThis.peers[peer];
      const { M, K, N } = problem;
      const data = kind === 'matmul' ? { a: normals(M * K, 1), b: normals(K * N, 2) } : {};
      globalThis.bench ??= {};
      const it = await module[kind]({ ...problem, ...data });
      globalThis.bench[peer] = it;
      if (kind === 'sae')
        return { check: [await it.run(1), await it.run(1)], firstMs: performance.now() - started };
      const c = await it.result();
      let worst = 0;
      for (let q = 0; q < 32; q++) {
        const [i, j] = [(q * 7919) % M, (q * 104729) % N];
        let sum = 0;
        for (let k = 0; k < K; k++) sum += data.a[i * K + k] * data.b[k * N + j];
        worst = Math.max(worst, Math.abs(sum - c[i * N + j]));
      }
      return { check: [worst], firstMs: performance.now() - started };
    },
    { kind, peer, problem },
  );
}

async function measure(page, kind, problem, live) {
  const rows = {};
  for (const peer of live) {
    try {
      rows[peer] = { ...(await setUp(page, kind, peer, problem)), ms: [] };
    } catch (error) {
      console.log(`  ${peer} failed: ${String(error).slice(0, 300)}`);
    }
  }
  for (let round = 0; round < rounds; round++)
    for (const peer of Object.keys(rows))
      rows[peer].ms.push(
        await page.evaluate(async (p) => {
          const started = performance.now();
          await globalThis.bench[p].run(1);
          return performance.now() - started;
        }, peer),
      );
  for (const peer of Object.keys(rows)) await page.evaluate((p) => globalThis.bench[p].dispose(), peer);
  console.log(`\n${kind} ${Object.values(problem).join(' x ')}`);
  const own = rows.headlight ? median(rows.headlight.ms) : undefined;
  for (const [peer, row] of Object.entries(rows)) {
    const ratio = own === undefined ? '' : `  ${(median(row.ms) / own).toFixed(2)} x Headlight's time`;
    console.log(
      `  ${peer.padEnd(10)} median ${median(row.ms).toFixed(1)} ms, min ${Math.min(...row.ms).toFixed(1)}${ratio}  check ${row.check.map((c) => c.toPrecision(7))}`,
    );
  }
  return { kind, problem, rows };
}

await bundle();
const server = await serve();
const executablePath = chromiumPath();
const args =
  option('adapter', 'swiftshader') === 'swiftshader'
    ? GPU_ARGS
    : ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--ignore-gpu-blocklist'];
const browser = await chromium.launch({
  ...(executablePath ? { executablePath } : { channel: 'chromium' }),
  args,
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  page.on('pageerror', (error) => console.error(`[page] ${String(error).slice(0, 300)}`));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const adapter = await page.evaluate(async () => {
    const a = await navigator.gpu?.requestAdapter();
    return a && { vendor: a.info.vendor, architecture: a.info.architecture, description: a.info.description };
  });
  console.log(`Chromium ${browser.version()}, adapter ${JSON.stringify(adapter)}, ${rounds} rounds`);
  for (const peer of peers)
    await page.evaluate(async (p) => {
      const module = await import(`/${p}/peer.js`);
      await module.init();
      globalThis.peers = { ...globalThis.peers, [p]: module };
    }, peer);
  const results = [];
  for (const p of sizes(option('matmul', '128x768x768'), ['M', 'K', 'N']))
    results.push(await measure(page, 'matmul', p, peers));
  for (const p of sizes(option('sae', '256x128x1024x32'), ['B', 'd', 'F', 'k']))
    results.push(await measure(page, 'sae', p, peers));
  const file = option('out', undefined);
  if (file) {
    mkdirSync(dirname(resolve(file)), { recursive: true });
    writeFileSync(
      file,
      JSON.stringify(
        { when: new Date().toISOString(), chromium: browser.version(), adapter, rounds, results },
        null,
        1,
      ),
    );
  }
} finally {
  await browser.close();
  server.close();
}

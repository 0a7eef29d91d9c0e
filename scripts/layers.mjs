// The layer table, once. `node scripts/layers.mjs` writes it into biome.json; `… test` also plants probe imports
// and fails when Biome's verdict on any of them differs from the table (a rule that stopped working is a failure).
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

const LAYERS = {
  base: [],
  shaders: [],
  gpu: ['base', 'shaders'],
  text: ['base'],
  io: ['base'],
  share: ['base'],
  model: ['base', 'gpu', 'io'],
  sae: ['base', 'gpu', 'io', 'shaders'],
  analysis: ['base', 'shaders', 'gpu', 'io', 'model', 'sae'],
  engine: ['base', 'gpu', 'io', 'text', 'model', 'sae', 'analysis'],
  ui: ['base', 'share'],
};
/** Single files of other layers that a layer may import besides whole layers. */
const FILES = {
  ui: ['engine/client.ts', 'engine/protocol.ts', 'engine/protocol', 'engine/protocol/**'],
  share: [],
};
const NAMES = Object.keys(LAYERS);
const PROBES = 'zz_probe';

const allowed = (layer) => [...LAYERS[layer], ...(FILES[layer] ?? [])];

function restriction(layer) {
  const group = [
    '#*/**',
    `!#${layer}/**`,
    ...LAYERS[layer].map((x) => `!#${x}/**`),
    ...(FILES[layer] ?? []).map((f) => `!#${f}`),
  ];
  return {
    level: 'error',
    options: {
      patterns: [
        { group, message: `${layer}/ may import only: ${allowed(layer).join(', ') || 'nothing'}.` },
        { group: ['../../**', ...NAMES.map((n) => `../${n}/**`)], message: 'Cross a layer by its # name.' },
      ],
    },
  };
}

function overrides() {
  const rules = NAMES.map((layer) => ({
    includes: [`src/${layer}/**`, '!**/*.test.ts', '!**/*.test.tsx'],
    linter: { rules: { style: { noRestrictedImports: restriction(layer) } } },
  }));
  return [
    ...rules,
    {
      includes: ['**/*.mjs', 'scripts/**', 'bench/**', 'e2e/flows/**'],
      linter: { rules: { suspicious: { noConsole: 'off' } } },
    },
  ];
}

const config = {
  $schema: 'https://biomejs.dev/schemas/2.6.8/schema.json',
  vcs: { enabled: true, clientKind: 'git', useIgnoreFile: true },
  files: {
    includes: ['src/**', 'e2e/**', 'scripts/**', 'bench/**', '*.ts', '!**/*.json', '!public', '!**/*.css'],
  },
  formatter: { lineWidth: 110, indentStyle: 'space' },
  javascript: { formatter: { quoteStyle: 'single' } },
  linter: {
    rules: {
      preset: 'recommended',
      style: { noNonNullAssertion: 'off', useImportType: 'error', noDefaultExport: 'off' },
      complexity: { useLiteralKeys: 'off' },
      suspicious: { noImportCycles: 'error', noConsole: 'error', noExplicitAny: 'error' },
      nursery: {},
    },
  },
  overrides: overrides(),
};
writeFileSync('biome.json', `${JSON.stringify(config, null, 2)}\n`);
execFileSync('npx', ['biome', 'format', '--write', 'biome.json'], { stdio: 'ignore' });

function probes() {
  const all = [];
  for (const from of NAMES)
    for (const to of NAMES) {
      if (from === to) continue;
      all.push({
        file: `src/${from}/${PROBES}/${to}_name.ts`,
        spec: `#${to}/x.ts`,
        want: !LAYERS[from].includes(to),
      });
      all.push({ file: `src/${from}/${PROBES}/${to}_path.ts`, spec: `../../${to}/x.ts`, want: true });
    }
  for (const f of FILES.ui)
    all.push({ file: `src/ui/${PROBES}/${f.replace(/\W/g, '_')}.ts`, spec: `#${f}`, want: false });
  return all;
}

function lintReport() {
  const args = [
    'biome',
    'lint',
    '--reporter=json',
    '--max-diagnostics=none',
    '--vcs-use-ignore-file=false',
    ...NAMES.map((n) => `src/${n}/${PROBES}`),
  ];
  try {
    return execFileSync('npx', args, { maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  } catch (error) {
    return error.stdout.toString();
  }
}

function selfTest() {
  const planted = probes();
  try {
    for (const layer of NAMES) mkdirSync(`src/${layer}/${PROBES}`, { recursive: true });
    for (const p of planted)
      writeFileSync(p.file, `import type { X } from '${p.spec}';\n\nexport type Y = X;\n`);
    const pathOf = (d) => (typeof d.location.path === 'string' ? d.location.path : d.location.path?.file);
    const hits = JSON.parse(lintReport()).diagnostics.filter(
      (d) => d.category === 'lint/style/noRestrictedImports',
    );
    const flagged = new Set(hits.map(pathOf));
    const wrong = planted.filter((p) => flagged.has(p.file) !== p.want);
    for (const p of wrong)
      console.error(`layers: ${p.file} imports ${p.spec}: flagged ${!p.want}, expected ${p.want}`);
    console.log(`layers: ${planted.length} probes, ${wrong.length} wrong verdicts, ${flagged.size} flagged`);
    if (wrong.length > 0 || flagged.size === 0) process.exitCode = 1;
  } finally {
    for (const layer of NAMES) rmSync(`src/${layer}/${PROBES}`, { recursive: true, force: true });
  }
}
if (process.argv[2] === 'test') selfTest();

// npm run compare -- [--layers 0] [--k 8,16] [--seeds 3] [--tokens 300000] [--variants topk,mutual_choice+dead=auxk,…] [--d_sae 512] [--batch 512]
//                    [--windows 256] [--driver lavapipe|swiftshader] [--report]
// Trains every variant (default: all) from one cached harvest a layer of the embedded model and writes docs/results.md with
// its plots. Resumable row by row: a cell that lies in .cache/compare, trained or measured, is not done again. --report trains nothing.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { harvest } from '#analysis/harvest.ts';
import { windowList } from '#analysis/windows.ts';
import { WorkbenchError } from '#base/errors.ts';
import { openNode } from '#gpu/open_node.ts';
import { droppedFiles } from '#io/sources.ts';
import { loadModel } from '#model/load.ts';
import { resolveConfig } from '#sae/config.ts';
import { VARIANTS, variantOf } from '#sae/variants/index.ts';
import { windows as cutWindows, readIds, streamWindows } from '#text/corpus.ts';
import { storyland } from '#text/storyland/storyland.ts';
import { loadTokenizer, type Tokenizer } from '#text/tokenizer.ts';
import { type CachedRows, cachedRows } from './compare/harvest_cache.ts';
import { reportOf } from './compare/report.ts';
import { type Cell, folderOf, hasRow, readRows, type Settings, writeRow } from './compare/rows.ts';
import { measureCell, type Subject, specOf, trainCell } from './compare/train_cell.ts';

const REPORT = 'docs/results.md';
const PLOTS = 'docs/results';
/** Beside Mutual Choice with aux_zipf: what the auxiliary loss alone does. */
const AUXK = 'mutual_choice+dead=auxk';

await main();

async function main(): Promise<void> {
  const driver = option('driver') as 'lavapipe' | 'swiftshader' | undefined;
  const gpu = await openNode(driver ? { driver } : {});
  const { pack } = JSON.parse(readFileSync('public/embedded/current.json', 'utf8')) as { pack: string };
  const dir = join('public/embedded', pack);
  const names = readdirSync(dir).filter((n) => /\.(json|safetensors|bin)$/.test(n));
  const files = names.map((name) => ({ name, blob: new Blob([readFileSync(join(dir, name))]) }));
  const model = await loadModel(gpu, droppedFiles(files));
  const tokenizer = loadTokenizer(JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')));
  const corpus = readIds(new Uint8Array(readFileSync(join(dir, 'corpus.bin'))), 'u16');
  const settings: Settings = {
    model: model.id,
    tokens: number('tokens', 300_000),
    d_sae: number('d_sae', 512),
    batch: number('batch', 512),
    windows: number('windows', 256),
  };
  const cut = { ctx: model.config.n_ctx, bosId: tokenizer.bosId };
  const subject = { gpu, model, settings, heldOut: windowList([...cutWindows(corpus, cut)]) };
  if (!process.argv.includes('--report')) await trainAll(subject, tokenizer);
  writeReport(settings);
  gpu[Symbol.dispose]();
}

/** Seed after seed, so that an interrupted table has every variant once before it has one of them thrice. */
async function trainAll(subject: Subject, tokenizer: Tokenizer): Promise<void> {
  const wanted = wantedVariants();
  const ks = (option('k') ?? '8,16').split(',').map(Number);
  const layers = (option('layers') ?? '0').split(',').map(Number);
  for (const layer of layers) {
    let rows: Promise<CachedRows> | undefined;
    const harvested = (): Promise<CachedRows> => {
      rows ??= rowsOf(subject, tokenizer, layer);
      return rows;
    };
    for (let seed = 0; seed < number('seeds', 3); seed++)
      for (const k of ks)
        for (const variant of wanted) {
          const cell = { layer, variant, k, seed };
          if (hasRow(subject.settings, cell)) continue;
          await doCell(subject, cell, harvested);
        }
  }
}

async function doCell(subject: Subject, cell: Cell, rows: () => Promise<CachedRows>): Promise<void> {
  const name = `layer ${cell.layer} ${cell.variant} k ${cell.k} seed ${cell.seed}`;
  try {
    const row = await measureCell(subject, cell, await trainCell(subject, cell, rows));
    writeRow(row);
    const { l0, ceRecovered, explainedVariance, deadFraction } = row.metrics;
    console.log(
      `${name}: L0 ${l0?.toFixed(2)} CE recovered ${ceRecovered?.toFixed(4)} EV ${explainedVariance?.toFixed(4)} dead ${deadFraction?.toFixed(3)} ${row.stepsPerSecond.toFixed(2)} steps/s`,
    );
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
    console.log(`${name}: no row. ${error.message} ${error.hint ?? ''}`);
  }
}

/** Tokens of training text, the rows from which input is measured and those of the threshold pass included. */
async function rowsOf(
  { gpu, model, settings }: Subject,
  tokenizer: Tokenizer,
  layer: number,
): Promise<CachedRows> {
  const land = storyland(`compare/${layer}`);
  function* documents(): Generator<string> {
    for (;;) yield land.document().text;
  }
  const ctx = model.config.n_ctx;
  const list: Uint32Array[] = [];
  // Cut as the held-out text is: windows that all begin with a document have more active features at their start.
  for (const window of streamWindows(documents(), tokenizer, { ctx, bosId: tokenizer.bosId })) {
    list.push(window);
    if (list.length * (ctx - 1) >= settings.tokens) break;
  }
  const rows = list.length * (ctx - 1);
  console.log(`layer ${layer}: ${rows} rows from one harvest`);
  return cachedRows(gpu, join(folderOf(settings), `rows-layer${layer}.f32`), rows, () =>
    harvest(gpu, model, windowList(list), {
      site: `blocks.${layer}.attn.hook_z`,
      seed: 0,
      excludedPositions: [0],
      epochs: 1,
      gradient: wantedVariants().some(choosesByGradient),
    }),
  );
}

function writeReport(settings: Settings): void {
  const rows = readRows(settings);
  if (rows.length === 0) {
    console.log('compare: no row yet, so no report.');
    return;
  }
  const { markdown, plots } = reportOf(rows);
  if (!existsSync(PLOTS)) mkdirSync(PLOTS, { recursive: true });
  for (const [name, svg] of Object.entries(plots)) writeFileSync(join(PLOTS, name), svg);
  writeFileSync(REPORT, markdown);
  console.log(`compare: ${rows.length} rows, ${REPORT}`);
}

function wantedVariants(): readonly string[] {
  return option('variants')?.split(',') ?? [...VARIANTS.map((v) => v.id), AUXK];
}

function choosesByGradient(id: string): boolean {
  const { fields, needsGradient } = variantOf(specOf(id).id);
  return needsGradient?.(resolveConfig(id, fields)) ?? false;
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}
function number(name: string, standard: number): number {
  return Number(option(name) ?? standard);
}

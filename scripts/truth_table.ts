// node scripts/run.mjs truth_table [--saes .cache/train_saes] [--layers 0,1] [--tokens 120000] [--driver lavapipe] [--docs]
// For every SAE folder <saes>/<layer> of the current pack's model: which ground-truth fact of Storyland predicts each
// feature best, measured on fresh text of every kind. Writes <saes>/<layer>/truth.json, which pack_embedded takes in,
// scripts/train_saes/truth_summary.json, and the section of docs/storyland.md between its truth markers. With --docs
// only the section is written anew, from the summary.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LensResult } from '#analysis/truth_lens.ts';
import { measureTruth } from '#analysis/truth_measure.ts';
import { truthFile } from '#analysis/truth_table.ts';
import type { FactText } from '#base/fact_text.ts';
import { openNode } from '#gpu/open_node.ts';
import { droppedFiles } from '#io/sources.ts';
import { loadModel } from '#model/load.ts';
import type { LanguageModel } from '#model/model.ts';
import { readSaeLens } from '#sae/formats/saelens.ts';
import type { Sae } from '#sae/sae.ts';
import { saeOnGpu } from '#sae/weights.ts';
import { factText } from '#text/storyland/fact_text.ts';
import { loadTokenizer, type Tokenizer } from '#text/tokenizer.ts';
import { drain } from './train_saes/drain.ts';
import { spliceSection, type TruthSummary, truthSection } from './train_saes/truth_docs.ts';
import { type LayerLens, summarise } from './train_saes/truth_summary.ts';

const SEED = 'truth/shipped';
const SUMMARY = 'scripts/train_saes/truth_summary.json';
const DOCS = 'docs/storyland.md';

if (!process.argv.includes('--docs')) await measureAll();
const summary = JSON.parse(readFileSync(SUMMARY, 'utf8')) as TruthSummary;
writeFileSync(DOCS, spliceSection(readFileSync(DOCS, 'utf8'), truthSection(summary)));

async function measureAll(): Promise<void> {
  const driver = option('driver') as 'lavapipe' | 'swiftshader' | undefined;
  const gpu = await openNode(driver ? { driver } : {});
  const { model, tokenizer } = await openModel();
  const root = option('saes') ?? '.cache/train_saes';
  const lenses: LayerLens[] = [];
  for (const layer of layersIn(root)) {
    const dir = join(root, String(layer));
    const { weights, meta } = await readSaeLens(filesIn(dir));
    if (meta.model !== model.id && meta.model !== 'embedded')
      throw new Error(
        `truth_table: ${dir} is of the model ${meta.model}. Next: npm run train:saes for the current pack.`,
      );
    using sae = saeOnGpu(gpu, weights, meta);
    const text = textFor(model, tokenizer, sae);
    const started = performance.now();
    const result = await drain(measureTruth(gpu, { model, sae, text }, { seed: SEED }));
    const file = truthFile(result, text.names, { sae: sae.id, seed: SEED });
    writeFileSync(join(dir, 'truth.json'), JSON.stringify(file));
    lenses.push({ layer, sae: sae.id, result, text });
    tell(layer, result, performance.now() - started);
  }
  writeFileSync(SUMMARY, summarise(lenses, SEED));
  gpu[Symbol.dispose]();

  async function openModel(): Promise<{ readonly model: LanguageModel; readonly tokenizer: Tokenizer }> {
    const { pack } = JSON.parse(readFileSync('public/embedded/current.json', 'utf8')) as { pack: string };
    const files = filesIn(join('public/embedded', pack));
    const named = Object.entries(files).map(([name, bytes]) => ({ name, blob: new Blob([bytes]) }));
    const json = new TextDecoder().decode(files['tokenizer.json']);
    return { model: await loadModel(gpu, droppedFiles(named)), tokenizer: loadTokenizer(JSON.parse(json)) };
  }
}

function textFor(model: LanguageModel, tokenizer: Tokenizer, sae: Sae): FactText {
  const tokens = Number(option('tokens') ?? 120_000);
  const { excludedPositions } = sae;
  return factText({ seed: SEED, tokenizer, ctx: model.config.n_ctx, tokens, excludedPositions });
}

function layersIn(root: string): number[] {
  const named = option('layers');
  if (named !== undefined) return named.split(',').map(Number);
  const found = existsSync(root)
    ? readdirSync(root).filter((n) => existsSync(join(root, n, 'cfg.json')))
    : [];
  if (found.length === 0)
    throw new Error(`truth_table: ${root} holds no SAE folder. Next: npm run train:saes.`);
  return found.map(Number).sort((a, b) => a - b);
}

function filesIn(dir: string): Record<string, Uint8Array<ArrayBuffer>> {
  const names = readdirSync(dir).filter((n) => /\.(json|safetensors)$/.test(n));
  return Object.fromEntries(names.map((n) => [n, new Uint8Array(readFileSync(join(dir, n)))]));
}

function tell(layer: number, { tracked, nTokens }: LensResult, ms: number): void {
  const has = tracked.filter((t) => t.facts.length > 0);
  const f1 = has.map((t) => (2 * t.hits) / Math.max(1, t.fired + t.holds)).sort((a, b) => a - b);
  const above = f1.filter((v) => v > 0.8).length;
  console.log(
    `layer ${layer}: ${has.length} of ${tracked.length} features have a fact, median F1 ${f1[f1.length >> 1]?.toFixed(3)}, ${above} above 0.8, on ${nTokens} tokens in ${(ms / 1000).toFixed(1)} s`,
  );
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

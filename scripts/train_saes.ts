// node scripts/run.mjs train_saes [--layers 0,1] [--tokens 1200000] [--index-tokens 100000] [--driver lavapipe] [--abilities]
// Trains one TopK SAE per layer of the embedded model (default: every layer) with our own WGSL trainer, in Node on Dawn,
// from fresh Storyland text; evaluates it on the pack's held-out corpus, measures the model's abilities with it spliced in,
// and builds its feature index. Writes .cache/train_saes/<layer>/ and scripts/train_saes/results.json;
// `pack_embedded --saes .cache/train_saes` then makes the pack.
// Resumable: a layer with a checkpoint goes on from it, a finished layer of this model is left alone (delete its folder to
// redo it) but for abilities that it lacks. --abilities measures those of finished layers again and trains nothing.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Evaluation, evaluateSae } from '#analysis/evaluate.ts';
import { harvest } from '#analysis/harvest.ts';
import { buildIndex } from '#analysis/index_build.ts';
import { type TokenWindows, windowList } from '#analysis/windows.ts';
import type { Ability } from '#base/ability.ts';
import { toHalf } from '#base/half.ts';
import type { Gpu } from '#gpu/device.ts';
import { openNode } from '#gpu/open_node.ts';
import { contentId } from '#io/hash.ts';
import { toF32 } from '#io/safetensors.ts';
import { droppedFiles } from '#io/sources.ts';
import type { HookName } from '#model/hooks.ts';
import { loadModel } from '#model/load.ts';
import type { LanguageModel } from '#model/model.ts';
import { readCheckpoint } from '#sae/checkpoint.ts';
import { writeSaeLens } from '#sae/formats/saelens.ts';
import { type SaeJob, type SaeTrainResult, trainSae } from '#sae/train.ts';
import { type SaeMeta, type SaeWeights, saeOnGpu } from '#sae/weights.ts';
import { windows as cutWindows, readIds, streamWindows } from '#text/corpus.ts';
import { BASE_MIX, type Mix, storyland } from '#text/storyland/storyland.ts';
import { loadTokenizer, type Tokenizer } from '#text/tokenizer.ts';
import { drain } from './train_saes/drain.ts';
import { abilityValues, LayerAbilities } from './train_saes/layer_abilities.ts';

const OUT = '.cache/train_saes';
const CHECKPOINTS = '.cache/train_saes_checkpoints';
const RESULTS = 'scripts/train_saes/results.json';
const BOS_ONLY = [0];

/** What each layer gets (specs/embedded-model.md 5): the first one hands on token identity, so it hears more copies. */
const RECIPES: readonly {
  readonly d_sae: number;
  readonly k: number;
  readonly mix: Mix;
  readonly tokens?: number;
  readonly why: string;
}[] = [
  {
    d_sae: 1024,
    k: 16,
    mix: { ...BASE_MIX, echo: 30 },
    why: 'with random copies: induction heads read its output',
  },
  {
    d_sae: 1024,
    k: 12,
    mix: { ...BASE_MIX, echo: 10 },
    tokens: 1_500_000,
    why: 'k 16 left 14 features denser than 10 %',
  },
  {
    d_sae: 1024,
    k: 16,
    mix: BASE_MIX,
    tokens: 2_000_000,
    why: 'text alone: copying does not pass through it, and features are easier to name',
  },
];

interface Subject {
  readonly gpu: Gpu;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly heldOut: TokenWindows;
  readonly modelTitle: string;
  readonly abilities: LayerAbilities;
}

await main();

async function main(): Promise<void> {
  const gpu = await openNode(
    option('driver') ? { driver: option('driver') as 'lavapipe' | 'swiftshader' } : {},
  );
  const subject = await openSubject(gpu);
  console.log(`train_saes: ${gpu.caps.class}, model ${subject.model.id}`);
  const every = Array.from({ length: subject.model.config.n_layers }, (_, layer) => layer);
  for (const layer of option('layers')?.split(',').map(Number) ?? every) await doLayer(subject, layer);
  gpu[Symbol.dispose]();
}

/** Trains a layer, or only measures the abilities of a finished one. */
async function doLayer(subject: Subject, layer: number): Promise<void> {
  const dir = join(OUT, String(layer));
  const file = join(dir, 'headlight.json');
  const native = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<SaeMeta>) : undefined;
  const again = process.argv.includes('--abilities');
  if (native?.model !== subject.model.id) {
    if (native) console.log(`layer ${layer}: ${dir} belongs to the model ${native.model}`);
    if (!again) await trainLayer(subject, layer);
    return;
  }
  if (!again && native.extra?.['abilities']) {
    console.log(`layer ${layer}: already there`);
    return;
  }
  const abilities = await subject.abilities.renew(dir);
  write(layer, { ...readResults()[layer], abilities: abilityValues(abilities) });
  tell(layer, abilities);
}

async function openSubject(gpu: Gpu): Promise<Subject> {
  const { pack } = JSON.parse(readFileSync('public/embedded/current.json', 'utf8')) as { pack: string };
  const dir = join('public/embedded', pack);
  const names = readdirSync(dir).filter((n) => /\.(json|safetensors|bin)$/.test(n));
  const folder = droppedFiles(
    names.map((name) => ({ name, blob: new Blob([readFileSync(join(dir, name))]) })),
  );
  const model = await loadModel(gpu, folder);
  const tokenizer = loadTokenizer(JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')));
  const corpus = readIds(new Uint8Array(readFileSync(join(dir, 'corpus.bin'))), 'u16');
  const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { title: string };
  return {
    gpu,
    model,
    tokenizer,
    // As the page cuts its corpus: every window begins with BOS.
    heldOut: windowList([...cutWindows(corpus, { ctx: model.config.n_ctx, bosId: tokenizer.bosId })]),
    modelTitle: manifest.title,
    abilities: new LayerAbilities(gpu, model, tokenizer),
  };
}

/** Fresh training windows, each beginning with BOS and a document; never the pack's corpus (another seed). */
function trainingWindows(
  { tokenizer, model }: Subject,
  layer: number,
  mix: Mix,
  tokens: number,
): TokenWindows {
  const land = storyland(`saes/${layer}`, mix);
  function* documents(): Generator<string> {
    for (;;) yield land.document().text;
  }
  const ctx = model.config.n_ctx;
  const list: Uint32Array[] = [];
  const cut = { ctx, bosId: tokenizer.bosId, startAt: 'document' as const };
  for (const window of streamWindows(documents(), tokenizer, cut)) {
    list.push(window);
    if (list.length * (ctx - 1) >= tokens) break;
  }
  return windowList(list);
}

async function trainLayer(subject: Subject, layer: number): Promise<void> {
  const recipe = RECIPES[Math.min(layer, RECIPES.length - 1)] as (typeof RECIPES)[number];
  const tokens = Number(option('tokens') ?? recipe.tokens ?? 1_200_000);
  const site: HookName = `blocks.${layer}.attn.hook_z`;
  const job: SaeJob = {
    variant: 'topk',
    config: { k: recipe.k, lr: 1e-3, decay: 0.3 },
    d_sae: recipe.d_sae,
    tokens,
    batch: 1024,
    seed: layer,
  };
  const result = await runTraining(subject, layer, site, job, recipe.mix);
  // The pack holds f16, so what is measured is what is shipped.
  const weights = inHalf(result.weights);
  const id = await contentId(new Blob([weights.W_enc, weights.W_dec, weights.b_enc]));
  const meta = {
    id,
    title: `TopK ${recipe.k}, layer ${layer}`,
    model: subject.model.id,
    site,
    variant: 'topk',
    excludedPositions: BOS_ONLY,
    createdAt: new Date().toISOString(),
    extra: { job, corpus: 'storyland', why: recipe.why },
  };
  using sae = saeOnGpu(subject.gpu, weights, meta);
  const evaluation = await drain(
    evaluateSae(subject.gpu, subject.model, sae, subject.heldOut, { windows: 400 }),
  );
  const abilities = await subject.abilities.of(sae);
  const extra = { ...meta.extra, metrics: evaluation.metrics, abilities };
  const context = {
    modelName: subject.modelTitle,
    contextSize: subject.model.config.n_ctx,
    prependBos: true,
  };
  const files = writeSaeLens(weights, { ...meta, extra }, context, 'F16');
  const index = await drain(
    buildIndex(subject.gpu, subject.model, sae, subject.heldOut, {
      windows: Math.ceil(Number(option('index-tokens') ?? 100_000) / subject.model.config.n_ctx),
      top: 6,
      perInterval: 2,
      before: 12,
      after: 6,
    }),
  );
  save(layer, { ...files, 'index.safetensors': index });
  report(layer, { site, id, steps: result.step, recipe, evaluation, abilities });
}

function inHalf(weights: SaeWeights): SaeWeights {
  const round = (x: Float32Array): Float32Array<ArrayBuffer> => toF32(toHalf(x).buffer as ArrayBuffer, 'F16');
  const { W_enc, b_enc, W_dec, b_dec } = weights;
  return { ...weights, W_enc: round(W_enc), b_enc: round(b_enc), W_dec: round(W_dec), b_dec: round(b_dec) };
}

async function runTraining(
  subject: Subject,
  layer: number,
  site: HookName,
  job: SaeJob,
  mix: Mix,
): Promise<SaeTrainResult> {
  const dir = CHECKPOINTS;
  mkdirSync(dir, { recursive: true });
  // A checkpoint of another model's activations is none.
  const file = join(dir, `${layer}-${subject.model.id}.safetensors`);
  const resume = existsSync(file) ? await readCheckpoint(new Uint8Array(readFileSync(file))) : undefined;
  const windows = trainingWindows(subject, layer, mix, job.tokens);
  using source = harvest(subject.gpu, subject.model, windows, {
    site,
    seed: job.seed,
    excludedPositions: BOS_ONLY,
  });
  if (resume) source.seek(resume.meta.position.block, resume.meta.position.row);
  const sink = {
    write: async (_step: number, bytes: Uint8Array): Promise<void> => {
      writeFileSync(`${file}.part`, bytes);
      renameSync(`${file}.part`, file);
    },
  };
  const run = trainSae(subject.gpu, job, source, sink, new AbortController().signal, { resume });
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
    const e = next.value;
    if (e.type !== 'step')
      console.log(
        `layer ${layer}: ${e.type} ${e.type === 'warning' ? e.error.message : `at step ${e.step}`}`,
      );
    else {
      const { mse, explainedVariance, l0, deadFraction, tokensPerSecond } = e.metrics;
      console.log(
        `layer ${layer} step ${e.step} mse ${mse.toFixed(4)} EV ${explainedVariance.toFixed(4)} L0 ${l0.toFixed(1)} dead ${deadFraction.toFixed(4)} ${Math.round(tokensPerSecond)} tokens/s`,
      );
    }
  }
}

function save(layer: number, files: Readonly<Record<string, Uint8Array>>): void {
  const dir = join(OUT, String(layer));
  mkdirSync(dir, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, name), bytes);
}

type Results = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function readResults(): Results {
  return existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as Results) : {};
}

/** Puts a layer's line into the results; the other layers' lines stay. */
function write(layer: number, line: Results[string]): void {
  mkdirSync('scripts/train_saes', { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify({ ...readResults(), [layer]: line }, undefined, 1)}\n`);
}

function tell(layer: number, abilities: readonly Ability[]): void {
  for (const { label, clean, spliced, unit, n } of abilities)
    console.log(
      `layer ${layer}: ${label} ${clean.toFixed(3)} -> ${spliced?.toFixed(3)} ${unit}, ${n} predictions`,
    );
}

function report(
  layer: number,
  entry: { readonly evaluation: Evaluation; readonly abilities: readonly Ability[] } & Results[string],
): void {
  const { evaluation, abilities, ...rest } = entry;
  const values = (m: Evaluation['metrics']): Record<string, number> =>
    Object.fromEntries(Object.entries(m).map(([key, metric]) => [key, metric.value]));
  const line = {
    ...rest,
    tokens: evaluation.tokens,
    metrics: values(evaluation.metrics),
    nothingExcluded: values(evaluation.all),
    denserThan10Percent: evaluation.density.filter((d) => d > 0.1).length,
    abilities: abilityValues(abilities),
  };
  write(layer, line);
  console.log(`layer ${layer}: ${JSON.stringify(line.metrics)}`);
  tell(layer, abilities);
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

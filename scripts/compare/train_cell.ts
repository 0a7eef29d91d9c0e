import { evaluateSae } from '#analysis/evaluate.ts';
import type { TokenWindows } from '#analysis/windows.ts';
import { quantile } from '#base/num.ts';
import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { ConfigValue } from '#sae/config.ts';
import type { ActivationSource } from '#sae/sae.ts';
import { type SaeJob, type SaeTrainResult, trainSae } from '#sae/train.ts';
import { variantOf } from '#sae/variants/index.ts';
import { type SaeMeta, saeOnGpu } from '#sae/weights.ts';
import { drain } from '../train_saes/drain.ts';
import { type CachedRows, cachedSource } from './harvest_cache.ts';
import { type Cell, gini, type Row, type Settings, underUsed } from './rows.ts';
import { readTrained, type Trained, writeTrained } from './trained.ts';

export interface Subject {
  readonly gpu: Gpu;
  readonly model: LanguageModel;
  readonly heldOut: TokenWindows;
  readonly settings: Settings;
}

/** Windows of one evaluation batch: what the bootstrap draws. */
const BATCH_WINDOWS = 4;
/** Share of the tokens that a pilot for λ takes, and how many there are at most. */
const PILOT = 0.2;
const PILOTS = 4;
/** Seeds begin at so many different rows of the one harvest. */
const STARTS = 8;

type Config = Readonly<Record<string, ConfigValue>>;

/** Trains a cell, unless it lies trained in the cache: training takes minutes, measuring seconds. */
export async function trainCell(s: Subject, cell: Cell, rows: () => Promise<CachedRows>): Promise<Trained> {
  const there = await readTrained(s.settings, cell);
  if (there) return there;
  const all = await rows();
  const config = await configOf(s, cell, all);
  const { result, stepsPerSecond } = await train(s, cell, all, config, s.settings.tokens);
  const { weights, end, step: steps } = result;
  const trained = { weights, note: { config, end, steps, stepsPerSecond, adapter: s.gpu.caps.class } };
  writeTrained(s.settings, cell, trained, metaOf(s, cell));
  return trained;
}

function metaOf(s: Subject, cell: Cell): SaeMeta {
  const { id } = specOf(cell.variant);
  const { title } = variantOf(id);
  const site = `blocks.${cell.layer}.attn.hook_z`;
  return { id, title, model: s.model.id, site, variant: id, excludedPositions: [0] };
}

/** Measures a trained cell. */
export async function measureCell(s: Subject, cell: Cell, { weights, note }: Trained): Promise<Row> {
  const { id, own } = specOf(cell.variant);
  const { title, ours = false } = variantOf(id);
  using sae = saeOnGpu(s.gpu, weights, metaOf(s, cell));
  const { windows } = s.settings;
  const measured = await drain(
    evaluateSae(s.gpu, s.model, sae, s.heldOut, { windows, batch: BATCH_WINDOWS }),
  );
  return {
    ...cell,
    ...note,
    settings: s.settings,
    title: [title, ...Object.entries(own).map(([name, value]) => `${name} ${value}`)].join(', '),
    ours,
    metrics: Object.fromEntries(Object.entries(measured.metrics).map(([name, m]) => [name, m.value])),
    gini: gini(measured.density),
    underUsed: underUsed(measured.density),
    batches: measured.batches,
  };
}

/** k as it is, or the λ at which pilots on a fifth of the tokens come closest to k active features. */
async function configOf(s: Subject, cell: Cell, rows: CachedRows): Promise<Config> {
  const { id, own } = specOf(cell.variant);
  const { fields } = variantOf(id);
  // A tenth of the tokens, so that dead features are dealt with within a short run; the same for all.
  const shared = { deadTokens: Math.round(s.settings.tokens / 10), ...own };
  if (fields['k']) return { ...shared, k: cell.k };
  const field = fields['lambda'];
  if (!field) throw new Error(`compare: ${cell.variant} has neither k nor lambda`);
  const tried: { readonly lambda: number; readonly l0: number }[] = [];
  let lambda = Number(field.default);
  for (let i = 0; i < PILOTS; i++) {
    const config = { ...shared, lambda };
    const { result } = await train(s, cell, rows, config, Math.round(s.settings.tokens * PILOT));
    tried.push({ lambda, l0: Math.max(result.metrics?.l0 ?? 0, 0.05) });
    lambda = nextLambda(tried, cell.k, Number(field.max ?? 1e6));
    const best = closest(tried, cell.k);
    if (Math.abs(Math.log(best.l0 / cell.k)) < 0.03) return { ...shared, lambda: best.lambda };
  }
  return { ...shared, lambda };
}

interface Pilot {
  readonly lambda: number;
  readonly l0: number;
}
const closest = (tried: readonly Pilot[], k: number): Pilot =>
  tried.reduce((a, b) => (Math.abs(Math.log(b.l0 / k)) < Math.abs(Math.log(a.l0 / k)) ? b : a));

/** Secant on log λ against log L0 through the two closest pilots; L0 ∝ 1 ÷ λ after the first. */
export function nextLambda(tried: readonly Pilot[], k: number, most: number): number {
  const distance = (p: Pilot): number => Math.abs(Math.log(p.l0 / k));
  const [a, b] = [...tried].sort((p, q) => distance(p) - distance(q));
  if (!a) return most;
  const slope = b ? (Math.log(a.l0) - Math.log(b.l0)) / (Math.log(a.lambda) - Math.log(b.lambda)) : -1;
  const sound = Number.isFinite(slope) && slope < -0.1 ? slope : -1;
  const step = Math.min(2, Math.max(-2, (Math.log(k) - Math.log(a.l0)) / sound));
  return Math.min(most, a.lambda * Math.exp(step));
}

async function train(
  s: Subject,
  cell: Cell,
  rows: CachedRows,
  config: Config,
  tokens: number,
): Promise<{ readonly result: SaeTrainResult; readonly stepsPerSecond: number }> {
  const { d_sae, batch } = s.settings;
  const job: SaeJob = { variant: specOf(cell.variant).id, config, d_sae, batch, tokens, seed: cell.seed };
  const total = rows.x.length / rows.d_in;
  using source: ActivationSource & Disposable = cachedSource(
    s.gpu,
    rows,
    Math.floor((total * (cell.seed % STARTS)) / STARTS),
  );
  const sink = { write: async () => undefined };
  const run = trainSae(s.gpu, job, source, sink, new AbortController().signal, { checkpointSeconds: 0 });
  const speeds: number[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { result: next.value, stepsPerSecond: middle(speeds) };
    if (next.value.type === 'step') speeds.push(next.value.metrics.tokensPerSecond / batch);
  }
}

/** Median, so that compiling and other work on the machine count for little. */
const middle = (values: readonly number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

/** 'mutual_choice+dead=auxk': a variant with fields of its own. */
export function specOf(text: string): { readonly id: string; readonly own: Config } {
  const [id = '', ...fields] = text.split('+');
  const own = fields.map((field) => {
    const [name = '', value = ''] = field.split('=');
    return [name, Number.isNaN(Number(value)) ? value : Number(value)] as const;
  });
  return { id, own: Object.fromEntries(own) };
}

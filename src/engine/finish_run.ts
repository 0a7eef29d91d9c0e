import { evaluateSae } from '#analysis/evaluate.ts';
import { buildIndex } from '#analysis/index_build.ts';
import type { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { writeSaeLens } from '#sae/formats/saelens.ts';
import type { Sae } from '#sae/sae.ts';
import { variantOf } from '#sae/variants/index.ts';
import { type SaeMeta, type SaeWeights, saeOnGpu } from '#sae/weights.ts';
import { spliceAbilities } from './abilities.ts';
import { type Corpus, windowsFor } from './corpora.ts';
import type { Host } from './host.ts';
import type { LoadedModel } from './loaded_model.ts';
import type { Ability, Metrics } from './protocol/metrics.ts';
import type { SaeInfo } from './protocol/models.ts';
import type { TrainEvent, TrainSummary } from './protocol/training.ts';
import type { RunLog } from './run_log.ts';
import { blobsOf, saeInfo, weightsId } from './sae_files.ts';
import type { Session } from './session.ts';
import { EXCLUDED, type PlannedJob } from './training.ts';

/** Tokens of the final evaluation and of the index; a software adapter gets what it does in about a minute. */
export const EVALUATION_TOKENS = { gpu: 1_000_000, software: 8_000 } as const;
export const INDEX_TOKENS = { gpu: 1_000_000, software: 20_000 } as const;

interface Finish {
  readonly session: Session;
  readonly gpu: Gpu;
  readonly planned: PlannedJob;
  readonly corpus: Corpus;
  readonly log: RunLog;
  readonly signal: AbortSignal;
}

function metaOf({ planned, log }: Finish, id: string): SaeMeta {
  const { site, model, sae } = planned;
  const { job, id: run, createdAt } = log.info;
  const layer = /^blocks\.(\d+)\./.exec(site)?.[1] ?? site;
  const k = sae.config['k'];
  const title =
    job.title ??
    `${variantOf(sae.variant).title}${k === undefined ? '' : ` ${String(k)}`}, layer ${layer}, ${sae.d_sae} features`;
  return {
    id,
    title,
    model: model.info.id,
    site,
    variant: sae.variant,
    excludedPositions: EXCLUDED,
    createdAt,
    extra: { job: sae, run },
  };
}

/** Stores the SAE first, then measures it, then builds its index: what fails later loses nothing made before. */
export async function* finishRun(
  call: Finish,
  weights: SaeWeights,
): AsyncGenerator<TrainEvent, Omit<TrainSummary, 'run'>, void> {
  const { session, gpu, planned, corpus, log, signal } = call;
  const meta = metaOf(call, await weightsId(weights));
  const { model } = planned;
  const context = {
    modelName: model.info.title,
    contextSize: corpus.all.seq,
    prependBos: model.info.defaultPrependBos,
  };
  let refusal: WorkbenchError | undefined;
  const store = async (measured: Measured = {}): Promise<SaeInfo> => {
    const full = { ...meta, extra: { ...meta.extra, ...measured } };
    const files = blobsOf(writeSaeLens(weights, full, context));
    const bytes = Object.values(files).reduce((sum, b) => sum + b.size, 0);
    const info = saeInfo(full, weights, { source: 'trained here', bytes });
    refusal = await session.saes.add(info, files);
    return info;
  };
  await store();
  if (refusal) yield { type: 'warning', error: refusal.toWire() };
  log.change({ sae: meta.id });
  await log.save();
  using sae = saeOnGpu(gpu, weights, meta);
  const tokens = gpu.caps.fallback ? EVALUATION_TOKENS.software : EVALUATION_TOKENS.gpu;
  const options = { windows: windowsFor(corpus.heldOut, tokens), signal };
  const steps = session.host.scheduler.background(
    evaluateSae(gpu, model.lm, sae, corpus.heldOut, options),
    signal,
  );
  let next = await steps.next();
  while (!next.done) next = await steps.next();
  const { metrics } = next.value;
  await store({ metrics });
  const abilities = yield* abilitiesAfter(call, sae);
  const info = await store({ metrics, ...(abilities && { abilities }) });
  for await (const { done, total } of indexSae(session, { gpu, model, sae, corpus, signal }))
    yield { type: 'index', done, total };
  return { sae: { ...info, hasIndex: true }, metrics, abilities };
}

/** What is stored with the SAE once it is measured. */
interface Measured {
  readonly metrics?: Metrics;
  readonly abilities?: readonly Ability[];
}

/** Abilities on the background lane; undefined when the job asks for none. */
async function* abilitiesAfter(
  { session, gpu, planned, log, signal }: Finish,
  sae: Sae,
): AsyncGenerator<TrainEvent, readonly Ability[] | undefined, void> {
  const count = log.info.job.abilityPrompts;
  if (count === 0) return undefined;
  const work = spliceAbilities({ gpu, model: planned.model, sae, count, signal });
  const steps = session.host.scheduler.background(work, signal);
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
    yield { type: 'abilities', ...step.value };
  }
}

export interface IndexJob {
  readonly gpu: Gpu;
  readonly model: LoadedModel;
  readonly sae: Sae;
  readonly corpus: Corpus;
  readonly tokens?: number | undefined;
  readonly signal: AbortSignal;
}
export interface IndexStep {
  readonly unit: 'tokens' | 'features';
  readonly done: number;
  readonly total: number;
}

/** Builds an SAE's feature index on the background lane and puts it into the library. */
export async function* indexSae(
  session: Session,
  job: IndexJob,
): AsyncGenerator<IndexStep, { readonly nTokens: number; readonly bytes: number }, void> {
  const { gpu, model, sae, corpus, signal } = job;
  const tokens = job.tokens ?? (gpu.caps.fallback ? INDEX_TOKENS.software : INDEX_TOKENS.gpu);
  const windows = windowsFor(corpus.all, tokens);
  const steps = session.host.scheduler.background(
    buildIndex(gpu, model.lm, sae, corpus.all, { windows, signal }),
    signal,
  );
  const bytes = yield* steps;
  await session.saes.addIndex(sae.id, new Blob([bytes]));
  return { nTokens: windows * corpus.all.seq, bytes: bytes.length };
}

/** Frees what a finished run no longer needs. */
export async function dropCheckpoint(host: Host, name: string): Promise<void> {
  await host.store.delete(name).catch(() => undefined);
}

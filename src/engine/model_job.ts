import { WorkbenchError } from '#base/errors.ts';
import type { GpuCaps } from '#gpu/caps.ts';
import { readText } from '#io/sources.ts';
import type { ModelConfig } from '#model/config.ts';
import { familyOf } from '#model/families/index.ts';
import { weightShapes } from '#model/save.ts';
import { type StreamSource, streamSource } from '#text/storyland/curriculum_rows.ts';
import { loadTokenizer, type Tokenizer } from '#text/tokenizer.ts';
import { openEmbedded } from './embedded.ts';
import type { Host } from './host.ts';
import { MODEL_RECIPE } from './model_recipe.ts';
import type { ModelJob, ModelJobField, ModelPlan, ModelRunInfo } from './protocol/model_training.ts';

/** A job with every default filled in. */
export type FullModelJob = ModelRunInfo['job'];

/** A job with what it needs: its architecture, the embedded tokenizer and its cost. */
export interface PlannedModel {
  readonly job: FullModelJob;
  readonly config: ModelConfig;
  /** config.json and tokenizer.json of the model to be. */
  readonly configText: string;
  readonly tokenizerText: string;
  readonly tokenizer: Tokenizer;
  readonly source: StreamSource;
  readonly plan: Omit<ModelPlan, 'secondsPredicted'>;
}

interface Language {
  readonly text: string;
  readonly tokenizer: Tokenizer;
  readonly source: StreamSource;
}
const languages = new WeakMap<Host, Promise<Language>>();

/**
 * Checks a job and works out what it costs; nothing is allocated.
 *
 * @throws WorkbenchError('format') for a field out of its range, or a site without its embedded tokenizer.
 */
export async function planModelJob(host: Host, job: ModelJob): Promise<PlannedModel> {
  const full = fullJob(job);
  const { text, tokenizer, source } = await languageOf(host);
  const json = configJson(full, tokenizer);
  const misfit = misfitOf(full);
  // The family refuses heads that do not share d_model evenly, so a misfit is costed as one head.
  const config = familyOf(json).config(misfit ? { ...json, n_head: 1 } : json);
  const plan = planOf(host.gpu.caps, full, config, misfit);
  const seeded = { ...source, seed: `page/${full.seed}` };
  const texts = { configText: JSON.stringify(json, undefined, 1), tokenizerText: text };
  return { job: full, config, ...texts, tokenizer, source: seeded, plan };
}

/** Optimiser steps of a job. */
export const stepsOf = ({ tokens, batch }: FullModelJob): number => Math.max(1, Math.round(tokens / batch));

/** Floating-point operations of a token: 6 a parameter (forward and both halves of backward), and attention's. */
export function flopsPerToken({ config, plan }: Pick<PlannedModel, 'config' | 'plan'>): number {
  return 6 * plan.parameters + 12 * config.n_layers * config.d_model * config.n_ctx;
}

function fullJob(job: ModelJob): FullModelJob {
  const full = {} as Record<ModelJobField, number>;
  for (const [key, field] of Object.entries(MODEL_RECIPE.fields) as [
    ModelJobField,
    (typeof MODEL_RECIPE.fields)[ModelJobField],
  ][]) {
    const value = job[key] ?? (field.default as number);
    const [min, max] = [field.min ?? Number.NEGATIVE_INFINITY, field.max ?? Number.POSITIVE_INFINITY];
    const whole = field.kind === 'int' ? 'a whole number' : 'a number';
    const isFine = typeof value === 'number' && value >= min && value <= max;
    if (!isFine || (field.kind === 'int' && !Number.isInteger(value)))
      throw new WorkbenchError(
        'format',
        `The job's ${key} is ${String(value).slice(0, 40)}, expected ${whole} from ${min} to ${max}.`,
        { hint: field.help },
      );
    full[key] = value;
  }
  const title = typeof job.title === 'string' ? job.title.slice(0, 120) : undefined;
  return { ...full, ...(title && { title }) };
}

/** Why these sizes do not go together, one sentence; undefined when they do. */
function misfitOf({ d_model, n_heads, batch, n_ctx, tokens }: FullModelJob): string | undefined {
  if (d_model % n_heads !== 0) {
    const below = Math.max(1, Math.floor(d_model / n_heads)) * n_heads;
    return `d_model ${d_model} is not a multiple of n_heads ${n_heads}, and heads share it evenly: take ${below} or ${below + n_heads}.`;
  }
  if (batch % n_ctx !== 0)
    return `batch ${batch} is not a multiple of n_ctx ${n_ctx}, and a batch is whole rows: take ${Math.ceil(batch / n_ctx) * n_ctx}.`;
  if (tokens < batch) return `tokens ${tokens} are fewer than one batch of ${batch}: take at least ${batch}.`;
  return undefined;
}

function configJson(job: FullModelJob, tokenizer: Tokenizer): Readonly<Record<string, unknown>> {
  return {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    activation_function: 'gelu_new',
    n_layer: job.n_layers,
    n_embd: job.d_model,
    n_head: job.n_heads,
    n_positions: job.n_ctx,
    vocab_size: tokenizer.vocabSize,
    layer_norm_epsilon: 1e-5,
    bos_token_id: tokenizer.bosId,
    eos_token_id: tokenizer.bosId,
    tie_word_embeddings: true,
  };
}

function languageOf(host: Host): Promise<Language> {
  let opening = languages.get(host);
  if (!opening) {
    opening = readLanguage(host);
    languages.set(host, opening);
    opening.catch(() => languages.delete(host));
  }
  return opening;
}

async function readLanguage(host: Host): Promise<Language> {
  const text = await readText((await openEmbedded(host)).folder, 'tokenizer.json');
  if (text === undefined)
    throw new WorkbenchError('format', 'The embedded model brings no tokenizer.json.', {
      hint: 'The site was deployed without it; ask its host.',
    });
  const tokenizer = loadTokenizer(JSON.parse(text));
  return { text, tokenizer, source: streamSource('page', tokenizer) };
}

/** Bytes of one chunk of logits at most, as the unembedding makes them. */
const LOGITS_BYTES = 32 * 2 ** 20;

/**
 * Parameters p with gradient and two moments: 16·p bytes. Activations of a token, kept for backward and their
 * gradients: about 34·d_model and 2·n_heads·n_ctx values a layer, and two chunks of logits.
 */
function planOf(
  caps: Pick<GpuCaps, 'maxBindingBytes' | 'maxBufferBytes' | 'plannedBytes'>,
  job: FullModelJob,
  config: ModelConfig,
  misfit: string | undefined,
): PlannedModel['plan'] {
  const sizes = weightShapes(config).map((shape) => shape.reduce((a, b) => a * b, 1));
  const parameters = sizes.reduce((a, b) => a + b, 0);
  const squares = 4 * job.batch * job.n_heads * job.n_ctx;
  const acts = 4 * job.batch * job.d_model * (34 * job.n_layers + 8) + 2 * squares * job.n_layers;
  const logits = 2 * Math.min(LOGITS_BYTES, 4 * job.batch * config.d_vocab);
  const gpuBytes = 16 * parameters + acts + logits;
  const checkpointBytes = 12 * parameters + 8192;
  const why = misfit ?? tooLarge(caps, gpuBytes, Math.max(squares, 4 * Math.max(...sizes)));
  const cost = { gpuBytes, checkpointBytes, steps: stepsOf(job), parameters };
  return why ? { fits: false, refusal: why, ...cost } : { fits: true, ...cost };
}

function tooLarge(
  caps: Pick<GpuCaps, 'maxBindingBytes' | 'maxBufferBytes' | 'plannedBytes'>,
  total: number,
  largest: number,
): string | undefined {
  const mb = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  const limit = Math.min(caps.maxBindingBytes, caps.maxBufferBytes);
  if (largest > limit)
    return `This model needs a buffer of ${mb(largest)}, and this adapter binds at most ${mb(limit)}: take a smaller batch, n_ctx or d_model.`;
  if (total > caps.plannedBytes)
    return `This model takes ${mb(total)} on the GPU, and at most ${mb(caps.plannedBytes)} are planned on this adapter: take a smaller batch, d_model or n_layers.`;
  return undefined;
}

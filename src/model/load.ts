import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { size, type Tensor } from '#gpu/tensor.ts';
import { contentId } from '#io/hash.ts';
import { openSafetensors, type TensorData, writeSafetensors } from '#io/safetensors.ts';
import { droppedFiles, type FolderSource, readJson, readText } from '#io/sources.ts';
import type { ModelConfig } from './config.ts';
import type { Json } from './config_fields.ts';
import { familyById, familyOf } from './families/index.ts';
import type { LanguageModel } from './model.ts';
import { Transformer } from './transformer.ts';
import { findWeights, uploadWeights } from './weights.ts';

const CONFIG = 'config.json';
const WEIGHTS = 'model.safetensors';
const SHARDS = 'model.safetensors.index.json';
const MAX_SHARDS = 64;

/** Bytes of weights on the GPU so far. */
export interface LoadEvent {
  readonly done: number;
  readonly total: number;
}

/**
 * Reads config.json and model.safetensors (or its shards) of a Hugging Face folder.
 *
 * Every tensor's name, dtype, shape and values (finite) are checked before or while it goes to the GPU; when something
 * is refused, what was allocated is freed. The model's id is the content id of config.json and of the weights.
 * @throws WorkbenchError('format' | 'unsupported-model' | 'cancelled') with one sentence and a hint.
 */
export async function* readModel(
  gpu: Gpu,
  folder: FolderSource,
  signal?: AbortSignal,
): AsyncGenerator<LoadEvent, LanguageModel, void> {
  const configText = await readText(folder, CONFIG, { signal });
  const json = configText === undefined ? undefined : parseConfig(configText);
  if (!json || configText === undefined) throw missing(folder, CONFIG);
  const family = familyOf(json);
  const config = family.config(json);
  const blobs = yield* readWeightFiles(folder, signal);
  const files = await Promise.all(blobs.map(({ name, blob }) => openSafetensors(blob, name)));
  const found = findWeights(family, config, files);
  const id = await contentId(new Blob([configText]), ...blobs.map(({ blob }) => blob));
  const total = found.reduce((sum, w) => sum + 4 * size(w.rule.shape), 0);
  const scope = gpu.scope('model');
  try {
    const uploading = uploadWeights(scope, found);
    for (;;) {
      if (signal?.aborted) throw new WorkbenchError('cancelled', 'Loading the model was cancelled.');
      const step = await uploading.next();
      if (step.done) return new Transformer(gpu, { config, id, scope, weights: step.value });
      yield { done: step.value, total };
    }
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
}

/** `readModel` without its progress. */
export async function loadModel(
  gpu: Gpu,
  folder: FolderSource,
  signal?: AbortSignal,
): Promise<LanguageModel> {
  const reading = readModel(gpu, folder, signal);
  for (;;) {
    const step = await reading.next();
    if (step.done) return step.value;
  }
}

/**
 * A model from a config.json and the tensors of a checkpoint in its family's names.
 *
 * @throws WorkbenchError('format' | 'unsupported-model') as `readModel`.
 */
export function modelFromCheckpoint(
  gpu: Gpu,
  configText: string,
  tensors: Readonly<Record<string, TensorData>>,
): Promise<LanguageModel> {
  const files = [
    { name: CONFIG, blob: new Blob([configText]) },
    { name: WEIGHTS, blob: new Blob([writeSafetensors(tensors)]) },
  ];
  return loadModel(gpu, droppedFiles(files));
}

/**
 * A model from values in memory (tests, training from scratch). `weights`: every canonical name, canonical shape.
 *
 * @throws WorkbenchError('shape') for a missing weight or a wrong number of values.
 */
export function modelFromWeights(
  gpu: Gpu,
  config: ModelConfig,
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
  id = 'unsaved',
): LanguageModel {
  const rules = familyById(config.family).weights(config);
  for (const [name, { shape }] of rules) {
    const count = weights.get(name)?.length;
    if (count !== size(shape))
      throw new WorkbenchError('shape', `${name}: expected [${shape}], got ${count ?? 'no'} values`);
  }
  const scope = gpu.scope('model');
  const tensors = new Map<string, Tensor<'f32'>>();
  for (const [name, { shape }] of rules)
    tensors.set(name, scope.upload(name, shape, 'f32', weights.get(name) as Float32Array<ArrayBuffer>));
  return new Transformer(gpu, { config, id, scope, weights: tensors });
}

interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

function missing(folder: FolderSource, name: string): WorkbenchError {
  return new WorkbenchError('format', `${folder.title}: there is no ${name}.`, {
    hint: 'Choose a Hugging Face folder with config.json and model.safetensors (not pytorch_model.bin).',
  });
}

function parseConfig(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Said below, together with JSON that is no object.
  }
  throw new WorkbenchError('format', `${CONFIG} is not a JSON object.`, { hint: 'Choose another file.' });
}

/** model.safetensors, or every shard that its index names, in order of name. */
async function* readWeightFiles(
  folder: FolderSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<LoadEvent, readonly NamedBlob[], void> {
  const whole = yield* readFile(folder, WEIGHTS, signal);
  if (whole) return [{ name: WEIGHTS, blob: whole }];
  const index = await readJson(folder, SHARDS, { signal });
  if (!index) throw missing(folder, WEIGHTS);
  const map = index['weight_map'];
  const names = [...new Set(typeof map === 'object' && map !== null ? Object.values(map) : [])];
  const valid = names.filter((n): n is string => typeof n === 'string' && /^[\w.-]+\.safetensors$/.test(n));
  if (valid.length === 0 || valid.length !== names.length || valid.length > MAX_SHARDS)
    throw new WorkbenchError('format', `${SHARDS} does not name 1 to ${MAX_SHARDS} safetensors files.`, {
      hint: 'Download the index again, or choose another folder.',
    });
  const shards: NamedBlob[] = [];
  for (const name of valid.sort()) {
    const blob = yield* readFile(folder, name, signal);
    if (!blob) throw missing(folder, name);
    shards.push({ name, blob });
  }
  return shards;
}

/** One file; its progress counts bytes of that file. */
async function* readFile(
  folder: FolderSource,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<LoadEvent, Blob | undefined, void> {
  const reading = folder.read(name, { signal });
  for (;;) {
    const step = await reading.next();
    if (step.done) return step.value;
    if (step.value.total !== undefined) yield { done: step.value.done, total: step.value.total };
  }
}

import type { Gpu } from '#gpu/device.ts';
import type { FolderSource } from '#io/sources.ts';
import type { ModelConfig } from './config.ts';
import type { LanguageModel } from './model.ts';

/** Bytes of weights on the GPU so far. */
export interface LoadEvent {
  readonly done: number;
  readonly total: number;
}

/**
 * Reads config.json and model.safetensors (or its shards) of a Hugging Face folder.
 *
 * Every tensor's name, dtype, shape and values (finite) are checked before or while it goes to the GPU; when something
 * is refused, what was allocated is freed.
 * @throws WorkbenchError('format' | 'unsupported-model') with one sentence and a hint.
 */
export declare function readModel(
  gpu: Gpu,
  folder: FolderSource,
  signal?: AbortSignal,
): AsyncGenerator<LoadEvent, LanguageModel, void>;

/** `readModel` without its progress. */
export declare function loadModel(
  gpu: Gpu,
  folder: FolderSource,
  signal?: AbortSignal,
): Promise<LanguageModel>;

/**
 * A model from values in memory (tests, training from scratch). `weights`: every canonical name, canonical shape.
 *
 * @throws WorkbenchError('shape') for a missing weight or a wrong number of values.
 */
export declare function modelFromWeights(
  gpu: Gpu,
  config: ModelConfig,
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
  id?: string,
): LanguageModel;

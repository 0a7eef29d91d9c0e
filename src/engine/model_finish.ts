import { WorkbenchError } from '#base/errors.ts';
import { contentId } from '#io/hash.ts';
import { writeSafetensors } from '#io/safetensors.ts';
import { checkpointTensors } from '#model/save.ts';
import { infoOfConfig } from './loaded_model.ts';
import { type ModelRecord, modelFile } from './model_sources.ts';
import type { ModelEnd, ModelLoop } from './model_training.ts';
import type { ModelTrainEvent } from './protocol/model_training.ts';
import type { ModelInfo } from './protocol/models.ts';

/** The title of a model whose job has none. */
export function modelTitle({ planned, log }: Pick<ModelLoop, 'planned' | 'log'>): string {
  const { job } = planned;
  return job.title ?? `Storyland ${job.n_layers}L d${job.d_model}, step ${log.step}, seed ${job.seed}`;
}

/** Puts a trained model into the store as an ordinary model folder; what the disk refuses stays in this tab. */
export async function* finishModel(
  loop: ModelLoop,
  { weights }: ModelEnd,
): AsyncGenerator<ModelTrainEvent, ModelInfo, void> {
  const { host, planned } = loop;
  const tensors = checkpointTensors(planned.config, weights);
  const files: readonly (readonly [string, Blob])[] = [
    ['config.json', new Blob([planned.configText])],
    ['model.safetensors', new Blob([writeSafetensors(tensors, { format: 'pt' })])],
    ['tokenizer.json', new Blob([planned.tokenizerText])],
  ];
  const [config, model] = [files[0]?.[1] as Blob, files[1]?.[1] as Blob];
  const id = await contentId(config, model);
  const info: ModelInfo = {
    id,
    title: modelTitle(loop),
    source: 'trained here',
    bytes: config.size + model.size,
    config: infoOfConfig(planned.config),
    defaultPrependBos: planned.tokenizer.bosId !== undefined,
    processing: 'raw',
    hasTokenizer: true,
    language: 'storyland',
    loaded: false,
  };
  for (const [name, blob] of files) {
    try {
      await host.store.write(modelFile(id, name), blob, `the model '${info.title}'`);
    } catch (error) {
      host.store.keep(modelFile(id, name), blob);
      const told = error instanceof WorkbenchError ? error : new WorkbenchError('storage', String(error));
      yield { type: 'warning', error: told.toWire() };
    }
  }
  const record: ModelRecord = { id, info, files: files.map(([name]) => name) };
  // A record that the disk refuses stays in memory; the warnings above say so already.
  await host.catalog.put('model', record).catch(() => undefined);
  host.notify({ type: 'storage-changed' });
  return info;
}

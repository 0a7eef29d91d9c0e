import { WorkbenchError } from '#base/errors.ts';
import { openSafetensors, type TensorData, writeSafetensors } from '#io/safetensors.ts';
import type { LmTrainState } from '#model/lm_train.ts';
import type { CanonicalWeights } from '#model/save.ts';

/** A transformer's run at a step: weights and the trainer's state. The data of a step follows from its number. */
export interface ModelCheckpoint {
  readonly weights: CanonicalWeights;
  readonly state: LmTrainState;
}

const VERSION = '1';

/** Bytes that `readModelCheckpoint` takes back bit for bit; tensors are 'w/', 'm/' and 'v/' + weight name. */
export function writeModelCheckpoint({ weights, state }: ModelCheckpoint): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, TensorData> = {};
  for (const [name, data] of weights) {
    const moments = state.moments.get(name);
    tensors[`w/${name}`] = { shape: [data.length], data };
    if (!moments) throw new WorkbenchError('internal', `checkpoint: ${name} has no moments`);
    tensors[`m/${name}`] = { shape: [moments.m.length], data: moments.m };
    tensors[`v/${name}`] = { shape: [moments.v.length], data: moments.v };
  }
  return writeSafetensors(tensors, { headlight_model: VERSION, step: String(state.step) });
}

/** @throws WorkbenchError('format') when the bytes are not such a checkpoint. */
export async function readModelCheckpoint(bytes: Uint8Array<ArrayBuffer>): Promise<ModelCheckpoint> {
  const file = await openSafetensors(bytes, 'checkpoint');
  const step = Number(file.metadata['step']);
  if (file.metadata['headlight_model'] !== VERSION || !Number.isSafeInteger(step) || step < 0)
    throw new WorkbenchError('format', 'checkpoint: not a transformer checkpoint of this version.', {
      hint: 'Start the run again.',
    });
  const names = [...file.tensors.keys()].filter((n) => n.startsWith('w/')).map((n) => n.slice(2));
  const weights = new Map<string, Float32Array<ArrayBuffer>>();
  const moments = new Map<string, { m: Float32Array; v: Float32Array }>();
  for (const name of names) {
    weights.set(name, await file.f32(`w/${name}`));
    moments.set(name, { m: await file.f32(`m/${name}`), v: await file.f32(`v/${name}`) });
  }
  return { weights, state: { step, moments } };
}

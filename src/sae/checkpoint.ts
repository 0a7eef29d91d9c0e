import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { openSafetensors, type TensorData, writeSafetensors } from '#io/safetensors.ts';
import type { ConfigValue } from './config.ts';
import { type StepSpace, stateTensors } from './space.ts';

/** What a checkpoint says besides its tensors; JSON in the file's metadata under 'headlight'. */
export interface CheckpointMeta {
  readonly version: 1;
  readonly variant: string;
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly d_in: number;
  readonly d_sae: number;
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
  /** Steps done. */
  readonly step: number;
  /** Input scale s: the SAE was trained on s·x. */
  readonly scale: number;
  /** Where the source stood after the last trained row. */
  readonly position: { readonly block: number; readonly row: number };
  /** The last step whose work on the CPU before it was done; absent: none. */
  readonly hosted?: number | undefined;
  /** Kernel choices of the run; a resumed run takes the same (decision 4). */
  readonly kernels: Readonly<Record<string, number | string>>;
}

/** A parsed checkpoint: every tensor of the trainer's state by name. */
export interface Checkpoint {
  readonly meta: CheckpointMeta;
  readonly tensors: ReadonlyMap<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>;
}

/** Where the trainer puts checkpoints. `write` replaces the last one atomically. */
export interface CheckpointSink {
  write(step: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** The state of a run as it is after all submitted work: the trainer waits for the GPU here. */
export async function captureState(gpu: Gpu, space: StepSpace, meta: CheckpointMeta): Promise<Checkpoint> {
  const tensors = new Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>();
  for (const [name, [, dtype]] of Object.entries(stateTensors(space.shape)))
    tensors.set(
      name,
      dtype === 'u32' ? await gpu.readU32(space.u32(name)) : await gpu.readF32(space.f32(name)),
    );
  return { meta, tensors };
}

/** Writes a checkpoint's state into the buffers of a run. */
export function restoreState(gpu: Gpu, space: StepSpace, checkpoint: Checkpoint): void {
  for (const [name, [, dtype]] of Object.entries(stateTensors(space.shape))) {
    const data = checkpoint.tensors.get(name);
    if (!data) throw new WorkbenchError('format', `checkpoint: there is no tensor ${name}.`);
    gpu.write(dtype === 'u32' ? space.u32(name) : space.f32(name), data);
  }
}

/** True when every f32 of the state is finite. */
export function isFiniteState(checkpoint: Checkpoint): boolean {
  for (const data of checkpoint.tensors.values())
    if (data instanceof Float32Array && !data.every((v) => Number.isFinite(v))) return false;
  return true;
}

/** Bytes of a safetensors file that `readCheckpoint` takes back bit for bit. */
export function writeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, TensorData> = {};
  for (const [name, data] of checkpoint.tensors) tensors[name] = { shape: [data.length], data };
  return writeSafetensors(tensors, { headlight: JSON.stringify(checkpoint.meta) });
}

/** @throws WorkbenchError('format') when the bytes are not a checkpoint of this version. */
export async function readCheckpoint(bytes: Uint8Array<ArrayBuffer>): Promise<Checkpoint> {
  const file = await openSafetensors(bytes, 'checkpoint');
  let meta: CheckpointMeta | undefined;
  try {
    meta = JSON.parse(file.metadata['headlight'] ?? '') as CheckpointMeta;
  } catch {
    // Said below.
  }
  if (meta?.version !== 1)
    throw new WorkbenchError(
      'format',
      Number(meta?.version) > 1
        ? `checkpoint: it was written by a later version of Headlight (checkpoint version ${meta?.version}, this one reads 1).`
        : 'checkpoint: this is not a checkpoint of Headlight.',
      { hint: 'Reload the page for the newest version, or choose another file.' },
    );
  const tensors = new Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>();
  for (const { name, dtype } of file.tensors.values()) {
    const raw = await file.bytes(name);
    tensors.set(name, dtype === 'U32' ? new Uint32Array(raw) : new Float32Array(raw));
  }
  return { meta, tensors };
}

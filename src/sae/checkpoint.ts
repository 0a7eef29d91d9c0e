import type { ConfigValue } from './config.ts';

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

/** @throws WorkbenchError('format') when the bytes are not a checkpoint of this version. */
export declare function readCheckpoint(bytes: Uint8Array<ArrayBuffer>): Promise<Checkpoint>;

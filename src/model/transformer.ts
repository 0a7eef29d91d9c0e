import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import type { Tensor } from '#gpu/tensor.ts';
import { runBackward } from './backward.ts';
import type { ModelConfig } from './config.ts';
import { ForwardRun, runForward } from './forward.ts';
import type { GradSeed, Grads, LanguageModel, Run, RunOptions, Workspace, WorkspaceSpec } from './model.ts';
import { logitsChunkOf, logitsOf, recordCrossEntropy, type UnembedCall } from './unembed.ts';
import { TransformerWorkspace } from './workspace.ts';

type F = Tensor<'f32'>;

/** A model's parameters on the GPU; `scope` owns them and dies with the model. */
export interface TransformerParts {
  readonly config: ModelConfig;
  readonly id: string;
  readonly scope: Scope;
  readonly weights: ReadonlyMap<string, F>;
}

/** The one implementation of `LanguageModel`: what differs between architectures is in its config. */
export class Transformer implements LanguageModel {
  readonly config: ModelConfig;
  readonly id: string;
  readonly weightNames: readonly string[];
  readonly logitsChunk: number;
  readonly #gpu: Gpu;
  readonly #scope: Scope;
  readonly #weights: ReadonlyMap<string, F>;

  constructor(gpu: Gpu, parts: TransformerParts) {
    this.#gpu = gpu;
    this.config = parts.config;
    this.id = parts.id;
    this.#scope = parts.scope;
    this.#weights = parts.weights;
    this.weightNames = [...parts.weights.keys()];
    this.logitsChunk = logitsChunkOf(parts.config.d_vocab, gpu.caps.maxBindingBytes);
  }

  weight(name: string): F {
    const weight = this.#weights.get(name === 'W_U_T' && this.config.tiedUnembed ? 'W_E' : name);
    if (weight) return weight;
    throw new WorkbenchError('internal', `model: no weight ${name}`);
  }
  workspace(spec: WorkspaceSpec): Workspace {
    return new TransformerWorkspace(this.#gpu, this.config, spec);
  }
  forward(rec: Recorder, ws: Workspace, tokens: Tensor<'u32'>, options: RunOptions = {}): Run {
    return runForward(rec, this, { workspace: own(ws, TransformerWorkspace), tokens, options });
  }
  logits(rec: Recorder, run: Run, rows: { readonly from: number; readonly count: number }): F {
    return logitsOf(rec, this.#unembed(run), rows);
  }
  crossEntropy(rec: Recorder, run: Run, targets: Tensor<'u32'>, nats: F): void {
    recordCrossEntropy(rec, this.#unembed(run), { targets, nats });
  }
  backward(rec: Recorder, run: Run, seed: GradSeed): Grads {
    return runBackward(rec, this.#unembed(run), seed);
  }
  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  #unembed(run: Run): UnembedCall {
    return { parts: this, run: own(run, ForwardRun), chunk: this.logitsChunk };
  }
}

/** Workspaces and runs go out as interfaces and come back as what they are. */
function own<T>(value: unknown, kind: abstract new (...args: never[]) => T): T {
  if (value instanceof kind) return value;
  throw new WorkbenchError('internal', `model: expected a ${kind.name} that this model made`);
}

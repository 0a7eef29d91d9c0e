import type { WorkbenchError } from '#base/errors.ts';
import type { Api, ApiName, Call, FromWorker, Notice, ToWorker } from './protocol.ts';

/** The part of Worker that the client needs; tests give a port of their own. */
export interface WorkerPort {
  postMessage(message: ToWorker): void;
  onmessage: ((event: { data: FromWorker }) => void) | null;
  onerror: ((event: { message?: string }) => void) | null;
  terminate(): void;
}
export interface Readiness {
  readonly gpu: boolean;
  readonly error?: WorkbenchError | undefined;
}
export interface ClientOptions {
  /** Starts a worker; default: the engine worker, from a blob (decision 28). */
  readonly spawn?: (() => WorkerPort) | undefined;
}

/** The page's side of the engine: typed calls, notices, restart after a crash or a lost device. */
export interface EngineClient {
  /** Resolves when the first worker is up; never rejects. `gpu` is false without WebGPU. */
  readonly ready: Promise<Readiness>;
  /** Starts a call. Iterating it gives its events; `result` its answer (also for those who never iterate). */
  call<K extends ApiName>(name: K, input: Api[K]['in']): Call<K>;
  /** Hears notices until the returned function is called. */
  onNotice(listener: (notice: Notice) => void): () => void;
  /** Ends the worker, starts another, loads again what was loaded and resumes what ran. */
  restart(reason: string): Promise<void>;
  close(): void;
}
export declare function openEngine(options?: ClientOptions): EngineClient;

import { WorkbenchError } from '#base/errors.ts';
import { cancelled, type OpenCall, openCall } from './calls.ts';
import type { Api, ApiName, Call, FromWorker, Kept, Notice, ToWorker } from './protocol.ts';
import { spawnEngine } from './spawn.ts';

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
  /** Address that 'embedded/' lies below; default: the page's. */
  readonly base?: string | undefined;
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
  restart(reason: string): void;
  close(): void;
}

/** A worker that dies this often within a minute stays dead: something is wrong that a restart does not cure. */
const MAX_RESTARTS = 4;
const RESTART_WINDOW_MS = 60_000;
/** Ids of calls that the client makes for itself. */
const OWN = -1;

/** Requests that train, and what takes such a run up again. */
const RESUMES: Readonly<Partial<Record<ApiName, ApiName>>> = {
  train: 'resumeRun',
  resumeRun: 'resumeRun',
  branchRun: 'resumeRun',
  trainModel: 'resumeModel',
  resumeModel: 'resumeModel',
};

class Client implements EngineClient {
  readonly ready: Promise<Readiness>;
  readonly #spawn: () => WorkerPort;
  readonly #base: string;
  readonly #calls = new Map<number, OpenCall>();
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #kept = new Map<string, Kept>();
  readonly #loaded: { model: unknown; saes: unknown[] } = { model: undefined, saes: [] };
  readonly #restarts: number[] = [];
  #resolveReady: (r: Readiness) => void = () => undefined;
  #port: WorkerPort | undefined;
  #nextId = 1;
  #dead: WorkbenchError | undefined;
  readonly #freeze = (): void => this.#send({ kind: 'freeze' });
  readonly #wake = (): void => this.#send({ kind: 'wake' });

  constructor(options: ClientOptions) {
    this.#spawn = options.spawn ?? spawnEngine;
    this.#base = options.base ?? globalThis.document?.baseURI ?? '';
    this.ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
    globalThis.document?.addEventListener('freeze', this.#freeze);
    globalThis.document?.addEventListener('resume', this.#wake);
    this.#start();
  }

  call<K extends ApiName>(name: K, input: Api[K]['in']): Call<K> {
    const id = this.#nextId++;
    const { call, open } = openCall(name, input, { id, cancel: () => this.#cancel(id) });
    if (this.#dead) open.fail(this.#dead);
    else {
      this.#calls.set(id, open);
      this.#send({ kind: 'call', id, name, input });
    }
    return call;
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  restart(reason: string): void {
    this.#stop();
    const now = performance.now();
    this.#restarts.push(now);
    const recent = this.#restarts.filter((t) => now - t < RESTART_WINDOW_MS).length;
    if (recent > MAX_RESTARTS) this.#giveUp(reason);
    else this.#comeBack(reason);
  }

  #comeBack(reason: string): void {
    this.#start();
    this.#reload();
    for (const open of [...this.#calls.values()]) this.#again(open, reason);
    this.#tell({ type: 'restarted', reason });
  }

  close(): void {
    this.#dead = new WorkbenchError('cancelled', 'The engine was closed.');
    this.#stop();
    for (const open of this.#calls.values()) open.fail(this.#dead);
    this.#calls.clear();
    globalThis.document?.removeEventListener('freeze', this.#freeze);
    globalThis.document?.removeEventListener('resume', this.#wake);
  }

  #start(): void {
    const port = this.#spawn();
    this.#port = port;
    port.onmessage = ({ data }) => {
      // A message of a worker that was ended meanwhile is nobody's.
      if (this.#port === port) this.#receive(data);
    };
    port.onerror = (event) => {
      if (this.#port === port)
        this.restart(`The engine crashed: ${event.message ?? 'the worker could not start'}.`);
    };
    this.#send({ kind: 'open', base: this.#base, kept: [...this.#kept.values()] });
  }

  #stop(): void {
    this.#port?.terminate();
    this.#port = undefined;
  }

  #send(message: ToWorker): void {
    try {
      this.#port?.postMessage(message);
    } catch (cause) {
      const open = message.kind === 'call' ? this.#take(message.id) : undefined;
      open?.fail(
        new WorkbenchError('internal', `${open.name}: the request cannot be sent to a worker.`, { cause }),
      );
    }
  }

  #take(id: number): OpenCall | undefined {
    const open = this.#calls.get(id);
    this.#calls.delete(id);
    return open;
  }

  #cancel(id: number): void {
    const open = this.#calls.get(id);
    if (!open) return;
    this.#send({ kind: 'cancel', id });
    // A run ends by itself after its last checkpoint; anything else is over for its caller at once.
    if (!RESUMES[open.name]) this.#take(id)?.fail(cancelled(open.name));
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'event':
        this.#event(message.id, message.event);
        break;
      case 'done':
        this.#done(message.id, message.out);
        break;
      case 'error':
        this.#take(message.id)?.fail(WorkbenchError.fromWire(message.error));
        break;
      case 'keep':
        if (message.kept.value === undefined) this.#kept.delete(message.kept.key);
        else this.#kept.set(message.kept.key, message.kept);
        break;
      case 'notice':
        this.#notice(message.notice);
        break;
    }
  }

  #event(id: number, event: unknown): void {
    const open = this.#calls.get(id);
    if (!open) return;
    const start = event as { type?: unknown; run?: { id?: unknown } };
    if (start.type === 'start' && typeof start.run?.id === 'string') open.run = start.run.id;
    open.event(event);
  }

  #done(id: number, out: unknown): void {
    const open = this.#take(id);
    if (!open) return;
    if (open.name === 'loadModel') {
      this.#loaded.model = open.input;
      this.#loaded.saes.length = 0;
    }
    if (open.name === 'loadSae') this.#loaded.saes.push(open.input);
    open.done(out);
  }

  #notice(notice: Notice): void {
    if (notice.type === 'ready') {
      const error = notice.error ? { error: WorkbenchError.fromWire(notice.error) } : {};
      this.#resolveReady({ gpu: notice.gpu, ...error });
    }
    this.#tell(notice);
    if (notice.type === 'device-lost') this.restart(notice.error.message);
  }

  #tell(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }

  #reload(): void {
    if (this.#loaded.model !== undefined)
      this.#send({ kind: 'call', id: OWN, name: 'loadModel', input: this.#loaded.model });
    for (const input of this.#loaded.saes) this.#send({ kind: 'call', id: OWN, name: 'loadSae', input });
  }

  /** Sends an unfinished call to the new worker: a run goes on from its checkpoint, anything else is asked once more. */
  #again(open: OpenCall, reason: string): void {
    const resume = RESUMES[open.name];
    if (resume) {
      const name = open.run === undefined ? open.name : resume;
      const input = open.run === undefined ? open.input : { run: open.run };
      this.#send({ kind: 'call', id: open.id, name, input });
    } else if (open.retries++ === 0) {
      this.#send({ kind: 'call', id: open.id, name: open.name, input: open.input });
    } else {
      this.#take(open.id)?.fail(
        new WorkbenchError('internal', `${open.name} ended the engine twice: ${reason}`, {
          hint: 'Try a shorter prompt or a smaller SAE; reload the page if it stays.',
        }),
      );
    }
  }

  #giveUp(reason: string): void {
    this.#dead = new WorkbenchError(
      'gpu-unavailable',
      `The engine stopped ${MAX_RESTARTS + 1} times in a minute: ${reason}`,
      {
        hint: 'Reload the page; if it stays, update the browser or the graphics driver.',
      },
    );
    for (const open of this.#calls.values()) open.fail(this.#dead);
    this.#calls.clear();
    this.#resolveReady({ gpu: false, error: this.#dead });
    this.#tell({ type: 'ready', gpu: false, error: this.#dead.toWire() });
  }
}

/** Opens the engine: starts its worker and keeps it alive. */
export function openEngine(options: ClientOptions = {}): EngineClient {
  return new Client(options);
}

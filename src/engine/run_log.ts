import type { CatalogRecord } from '#io/catalog.ts';
import type { Host } from './host.ts';
import type { RunInfo, TrainJob } from './protocol/training.ts';

/** Record of a run in the catalogue; its checkpoint is `run_<id>.safetensors` in the store. */
export interface RunRecord<I = RunInfo> extends CatalogRecord {
  readonly info: I;
  /** Absent: an SAE. */
  readonly of?: 'model' | undefined;
}
/** True for the record of an SAE's run. */
export const isSaeRun = (record: RunRecord<unknown>): boolean => record.of === undefined;
export const checkpointFile = (run: string): string => `run_${run}.safetensors`;

/** Points of the history that are kept: enough for a chart, small enough for a record. */
const MAX_HISTORY = 400;

/** What every kind of run has: an SAE's, and a transformer's. */
export interface LoggedRun {
  readonly id: string;
  readonly step: number;
  readonly tokens: number;
  readonly history: readonly { readonly step: number; readonly tokens: number; readonly metrics: unknown }[];
}

/** A run's record as it changes: counts, status, thinned history. Saved when told, so a step costs no disk. */
export class RunLog<I extends LoggedRun = RunInfo> {
  readonly #host: Host;
  readonly #of: RunRecord['of'];
  readonly #history: I['history'][number][];
  #every: number;
  #seen = 0;
  #info: I;

  constructor(host: Host, info: I, of?: RunRecord['of']) {
    this.#host = host;
    this.#of = of;
    this.#info = info;
    this.#history = [...info.history];
    this.#every = 1;
  }

  get info(): I {
    return { ...this.#info, history: [...this.#history] };
  }

  /** Steps done. */
  get step(): number {
    return this.#info.step;
  }

  change(change: Partial<Omit<I, 'history'>>): void {
    this.#info = { ...this.#info, ...change };
  }

  add(step: number, tokens: number, metrics: I['history'][number]['metrics']): void {
    this.#info = { ...this.#info, step, tokens };
    if (this.#seen++ % this.#every !== 0) return;
    this.#history.push({ step, tokens, metrics });
    if (this.#history.length <= MAX_HISTORY) return;
    // Every second point goes, and from now on every second one comes.
    const kept = this.#history.filter((_, i) => i % 2 === 0);
    this.#history.splice(0, this.#history.length, ...kept);
    this.#every *= 2;
  }

  /** Forgets what lies after the checkpoint that a run goes on from. */
  rewind(step: number): void {
    const kept = this.#history.filter((p) => p.step <= step);
    this.#history.splice(0, this.#history.length, ...kept);
    this.#info = { ...this.#info, step };
  }

  async save(): Promise<void> {
    const of = this.#of;
    const record: RunRecord<I> = { id: this.#info.id, info: this.info, ...(of && { of }) };
    // A record that the disk refuses stays in memory; the checkpoint says so already.
    await this.#host.catalog.put('run', record).catch(() => undefined);
  }
}

/** A new run's record. */
export function newRun(job: TrainJob, steps: number): RunInfo {
  return { ...freshRun(steps), job, history: [] };
}

/** What a run of any kind begins with. Ids are 128 random bits in base64url: two tabs never make the same one. */
export function freshRun(steps: number): Omit<RunInfo, 'job' | 'history' | 'sae'> {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const id = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  const createdAt = new Date().toISOString();
  return { id, status: 'running', step: 0, steps, tokens: 0, createdAt, checkpointStep: 0 };
}

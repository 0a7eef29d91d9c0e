import type { CatalogRecord } from '#io/catalog.ts';
import type { Host } from './host.ts';
import type { RunInfo, StepMetrics, TrainJob } from './protocol.ts';

/** Record of a run in the catalogue; its checkpoint is `run_<id>.safetensors` in the store. */
export interface RunRecord extends CatalogRecord {
  readonly info: RunInfo;
}
export const checkpointFile = (run: string): string => `run_${run}.safetensors`;

/** Points of the history that are kept: enough for a chart, small enough for a record. */
const MAX_HISTORY = 400;

type Point = RunInfo['history'][number];

/** A run's record as it changes: counts, status, thinned history. Saved when told, so a step costs no disk. */
export class RunLog {
  readonly #host: Host;
  readonly #history: Point[];
  #every: number;
  #seen = 0;
  #info: RunInfo;

  constructor(host: Host, info: RunInfo) {
    this.#host = host;
    this.#info = info;
    this.#history = [...info.history];
    this.#every = 1;
  }

  get info(): RunInfo {
    return { ...this.#info, history: [...this.#history] };
  }

  /** Steps done. */
  get step(): number {
    return this.#info.step;
  }

  change(change: Partial<Omit<RunInfo, 'history'>>): void {
    this.#info = { ...this.#info, ...change };
  }

  add(step: number, tokens: number, metrics: StepMetrics): void {
    this.change({ step, tokens });
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
    this.change({ step });
  }

  async save(): Promise<void> {
    const record: RunRecord = { id: this.#info.id, info: this.info };
    // A record that the disk refuses stays in memory; the checkpoint says so already.
    await this.#host.catalog.put('run', record).catch(() => undefined);
  }
}

/** A new run's record. Ids are 128 random bits in base64url: two tabs never make the same one. */
export function newRun(job: TrainJob, steps: number): RunInfo {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const id = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  const createdAt = new Date().toISOString();
  return { id, job, status: 'running', step: 0, steps, tokens: 0, createdAt, checkpointStep: 0, history: [] };
}

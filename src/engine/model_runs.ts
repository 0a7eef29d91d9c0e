import { WorkbenchError } from '#base/errors.ts';
import type { Host } from './host.ts';
import { type ModelCheckpoint, readModelCheckpoint } from './model_checkpoint.ts';
import { finishModel } from './model_finish.ts';
import { planModelJob } from './model_job.ts';
import { type ModelRunLog, modelLoop } from './model_training.ts';
import type {
  ModelJob,
  ModelRunInfo,
  ModelTrainEvent,
  ModelTrainSummary,
} from './protocol/model_training.ts';
import type { RunStatus } from './protocol/training.ts';
import type { Api } from './protocol.ts';
import { RunControl } from './run_control.ts';
import { heldLocks, holdLock, lockOf } from './run_lock.ts';
import { checkpointFile, freshRun, isSaeRun, RunLog, type RunRecord } from './run_log.ts';

type Action = Api['controlRun']['in']['action'];
interface Active {
  readonly log: ModelRunLog;
  readonly control: RunControl;
}
type Events = AsyncGenerator<ModelTrainEvent, ModelTrainSummary, void>;
type Record = RunRecord<ModelRunInfo>;

const LIVE: readonly RunStatus[] = ['running', 'paused'];

/** Runs that train a transformer: those going on in this worker, and the records of earlier ones. */
export class ModelRuns {
  readonly #host: Host;
  readonly #active = new Map<string, Active>();
  constructor(host: Host) {
    this.#host = host;
  }

  /** Newest first. What a crashed or closed tab left running is 'interrupted'. */
  async list(): Promise<readonly ModelRunInfo[]> {
    const records = (await this.#host.catalog.all<Record>('run')).filter((r) => !isSaeRun(r));
    const locks = await heldLocks();
    const infos = new Map(records.map((r) => [r.id, this.#settled(r.info, locks)]));
    for (const [id, { log }] of this.#active) infos.set(id, log.info);
    return [...infos.values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  /** True when the id is that of a transformer's run. */
  async has(id: string): Promise<boolean> {
    return this.#active.has(id) || (await this.#record(id)) !== undefined;
  }

  async *start(job: ModelJob, signal: AbortSignal): Events {
    const { plan, job: full } = await planModelJob(this.#host, job);
    if (!plan.fits)
      throw new WorkbenchError('format', plan.refusal ?? 'This model does not fit the adapter.', {
        hint: 'Change the sizes of the job.',
      });
    const info = { ...freshRun(plan.steps), job: full, history: [], evaluations: [] };
    return yield* this.#run(info, undefined, signal);
  }

  async *resume(id: string, signal: AbortSignal): Events {
    if (this.#active.has(id))
      throw new WorkbenchError('format', 'This run is already going on.', {
        hint: 'Pause or stop it instead.',
      });
    const record = await this.#record(id);
    if (!record) throw unknownRun(id);
    if (record.info.model !== undefined)
      throw new WorkbenchError('format', 'This run is over.', {
        hint: 'Its model is in the load view; start another run.',
      });
    const blob = await this.#host.store.read(checkpointFile(id));
    const checkpoint = blob && (await readModelCheckpoint(new Uint8Array(await blob.arrayBuffer())));
    return yield* this.#run({ ...record.info, status: 'running' }, checkpoint, signal);
  }

  async control(id: string, action: Action): Promise<ModelRunInfo> {
    const active = this.#active.get(id);
    if (active) {
      active.control[action]();
      return active.log.info;
    }
    const record = await this.#record(id);
    if (record) return this.#settled(record.info, await heldLocks());
    throw unknownRun(id);
  }

  /** Deletes the record and checkpoint of a run that does not go on. */
  async remove(id: string): Promise<void> {
    if (this.#active.has(id))
      throw new WorkbenchError('storage', 'This run is going on; stop it before deleting it.');
    await this.#host.store.delete(checkpointFile(id));
    await this.#host.catalog.delete('run', id);
  }

  /** The browser freezes the tab: checkpoint now. */
  freeze(): void {
    for (const { control } of this.#active.values()) control.checkpoint();
  }
  /** The browser woke the tab: say what happened. */
  wake(): void {
    for (const { control, log } of this.#active.values())
      control.notes.push(`The browser froze this tab; training goes on from step ${log.step}.`);
  }

  async #record(id: string): Promise<Record | undefined> {
    const record = await this.#host.catalog.get<Record>('run', id);
    return record && !isSaeRun(record) ? record : undefined;
  }

  #settled(info: ModelRunInfo, locks: ReadonlySet<string>): ModelRunInfo {
    const orphan = LIVE.includes(info.status) && !this.#active.has(info.id) && !locks.has(lockOf(info.id));
    return orphan ? { ...info, status: 'interrupted' } : info;
  }

  async *#run(info: ModelRunInfo, checkpoint: ModelCheckpoint | undefined, signal: AbortSignal): Events {
    const host = this.#host;
    const log: ModelRunLog = new RunLog<ModelRunInfo>(host, info, 'model');
    const step = checkpoint?.state.step ?? 0;
    log.rewind(step);
    const evaluations = info.evaluations.filter((e) => e.step <= step);
    log.change({ evaluations, tokens: step * info.job.batch });
    const control = new RunControl();
    const release = await holdLock(lockOf(info.id));
    this.#active.set(info.id, { log, control });
    try {
      await log.save();
      host.notify({ type: 'storage-changed' });
      yield { type: 'start', run: log.info };
      const planned = await planModelJob(host, info.job);
      const loop = { host, gpu: host.gpu, planned, log, control, signal };
      const end = yield* modelLoop(loop, checkpoint);
      const model = yield* finishModel(loop, end);
      log.change({ status: end.stopped ? 'stopped' : 'finished', model: model.id });
      await host.store.delete(checkpointFile(info.id)).catch(() => undefined);
      return { run: info.id, model, evaluation: end.evaluation };
    } catch (error) {
      const goesOn = error instanceof WorkbenchError && ['device-lost', 'cancelled'].includes(error.code);
      log.change({ status: goesOn ? 'interrupted' : 'failed' });
      throw error;
    } finally {
      // Left early (the page closed the call): the record says so.
      if (LIVE.includes(log.info.status)) log.change({ status: 'interrupted' });
      await log.save();
      this.#active.delete(info.id);
      release();
      host.notify({ type: 'storage-changed' });
    }
  }
}

function unknownRun(id: string): WorkbenchError {
  return new WorkbenchError('format', `There is no run ${id.slice(0, 64)} on this device.`);
}

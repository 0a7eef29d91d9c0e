import { WorkbenchError } from '#base/errors.ts';
import type { Checkpoint } from '#sae/checkpoint.ts';
import { type BranchWish, branchOf, halfLr } from './branch.ts';
import { dropCheckpoint, finishRun } from './finish_run.ts';
import type { PinChange } from './protocol/pins.ts';
import type { RunInfo, RunStatus, TrainEvent, TrainJob, TrainSummary } from './protocol/training.ts';
import type { Api } from './protocol.ts';
import { RunControl } from './run_control.ts';
import { heldLocks, holdLock, lockOf } from './run_lock.ts';
import { checkpointFile, isSaeRun, newRun, RunLog, type RunRecord } from './run_log.ts';
import type { Session } from './session.ts';
import { corpusOf, lastCheckpoint, planJob, trainLoop } from './training.ts';

type Action = Api['controlRun']['in']['action'];
interface Active {
  readonly log: RunLog;
  readonly control: RunControl;
}
const LIVE: readonly RunStatus[] = ['running', 'paused'];

/** Runs of this device: those going on in this worker, and the records of earlier ones. */
export class Runs {
  readonly #session: Session;
  readonly #active = new Map<string, Active>();
  constructor(session: Session) {
    this.#session = session;
  }

  /** Newest first. What a crashed or closed tab left running is 'interrupted'. */
  async list(): Promise<readonly RunInfo[]> {
    const records = (await this.#session.host.catalog.all<RunRecord>('run')).filter(isSaeRun);
    const elsewhere = await heldLocks();
    const infos = new Map(records.map((r) => [r.id, this.#settled(r.info, elsewhere)]));
    for (const [id, { log }] of this.#active) infos.set(id, log.info);
    return [...infos.values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  #settled(info: RunInfo, locks: ReadonlySet<string>): RunInfo {
    const orphan = LIVE.includes(info.status) && !this.#active.has(info.id) && !locks.has(lockOf(info.id));
    return orphan ? { ...info, status: 'interrupted' } : info;
  }

  async *start(job: TrainJob, signal: AbortSignal): AsyncGenerator<TrainEvent, TrainSummary, void> {
    const { plan, model } = await planJob(this.#session, job);
    if (!plan.fits)
      throw new WorkbenchError('out-of-memory', plan.refusal ?? 'This SAE does not fit the adapter.', {
        hint: 'Choose a smaller d_sae or batch.',
      });
    return yield* this.#run(newRun({ ...job, model: model.info.id }, plan.steps), undefined, signal);
  }

  async *resume(id: string, signal: AbortSignal): AsyncGenerator<TrainEvent, TrainSummary, void> {
    if (this.#active.has(id))
      throw new WorkbenchError('format', 'This run is already going on.', {
        hint: 'Pause or stop it instead.',
      });
    const record = await this.#session.host.catalog.get<RunRecord>('run', id);
    if (!record || !isSaeRun(record))
      throw new WorkbenchError('format', `There is no run ${id.slice(0, 64)} on this device.`);
    if (record.info.status === 'finished')
      throw new WorkbenchError('format', 'This run is finished.', {
        hint: 'Its SAE is in the load view; start another run.',
      });
    const checkpoint = await lastCheckpoint(this.#session.host, id);
    return yield* this.#run({ ...record.info, status: 'running' }, checkpoint, signal);
  }

  async *branch(wish: BranchWish, signal: AbortSignal): AsyncGenerator<TrainEvent, TrainSummary, void> {
    const { host } = this.#session;
    const { info, checkpoint } = await branchOf(host, wish);
    const { plan, model } = await planJob(this.#session, info.job);
    if (plan.steps <= checkpoint.meta.step)
      throw new WorkbenchError(
        'format',
        `The run ends at step ${plan.steps}, and its checkpoint stands at step ${checkpoint.meta.step}.`,
        { hint: 'Branch with more tokens.' },
      );
    const started = { ...info, steps: plan.steps, job: { ...info.job, model: model.info.id } };
    return yield* this.#run(started, checkpoint, signal);
  }

  async control(id: string, action: Action): Promise<RunInfo> {
    const active = this.#active.get(id);
    if (!active) {
      const record = await this.#session.host.catalog.get<RunRecord>('run', id);
      if (record) return this.#settled(record.info, await heldLocks());
      throw new WorkbenchError('format', `There is no run ${id.slice(0, 64)} on this device.`);
    }
    active.control[action]();
    return active.log.info;
  }

  /** Pins and unpins features of a run that is being trained or paused here; gives those that then are pinned. */
  async pin(id: string, change: PinChange): Promise<readonly number[]> {
    const pins = await this.#active.get(id)?.control.pins;
    if (pins) return pins.change(change);
    throw new WorkbenchError('format', 'This run is not being trained here, so no feature can be pinned.', {
      hint: 'Resume it first; the features of a finished run have pages of their own.',
    });
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

  async #forget(id: string): Promise<void> {
    const { host } = this.#session;
    this.#active.get(id)?.control.stop();
    await host.store.delete(checkpointFile(id));
    await host.catalog.delete('run', id);
  }
  /** Deletes the record and checkpoint of a run that does not go on. */
  async remove(id: string): Promise<void> {
    if (this.#active.has(id))
      throw new WorkbenchError('storage', 'This run is going on; stop it before deleting it.');
    await this.#forget(id);
  }

  async *#run(
    info: RunInfo,
    checkpoint: Checkpoint | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<TrainEvent, TrainSummary, void> {
    const { host } = this.#session;
    const log = new RunLog(host, info);
    log.rewind(checkpoint?.meta.step ?? 0);
    const control = new RunControl();
    const release = await holdLock(lockOf(info.id));
    this.#active.set(info.id, { log, control });
    try {
      await log.save();
      host.notify({ type: 'storage-changed' });
      yield { type: 'start', run: log.info };
      return yield* this.#work({ log, control }, checkpoint, signal);
    } catch (cause) {
      const error = control.wish === 'stop' && log.step === 0 ? stoppedEarly(cause) : cause;
      const lost = error instanceof WorkbenchError && error.code === 'device-lost';
      const stopped = error instanceof WorkbenchError && error.code === 'cancelled';
      log.change({ status: lost ? 'interrupted' : stopped ? 'stopped' : 'failed' });
      throw error;
    } finally {
      control.closePins();
      await log.save();
      this.#active.delete(info.id);
      release();
      host.notify({ type: 'storage-changed' });
    }
  }

  async *#work(
    { log, control }: Active,
    checkpoint: Checkpoint | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<TrainEvent, TrainSummary, void> {
    const session = this.#session;
    const { host } = session;
    const { gpu } = host;
    const { job, id } = log.info;
    const planned = await planJob(session, job);
    using _model = planned.model.shared.hold();
    const corpus = await corpusOf(host, planned, job);
    const end = yield* trainLoop({ host, gpu, planned, corpus, log, control, signal }, checkpoint);
    if (signal.aborted || !end.result) throw new WorkbenchError('cancelled', 'The run was stopped.');
    if (end.result.end === 'diverged')
      throw new WorkbenchError(
        'internal',
        `Training diverged after step ${end.result.step}: the loss is not finite.`,
        {
          hint: `Branch from its last checkpoint with a learning rate of at most ${halfLr(planned).toPrecision(2)} (half of this run's), or start again with a longer warm-up.`,
        },
      );
    log.change({ step: end.result.step, tokens: end.result.tokens });
    const done = yield* finishRun({ session, gpu, planned, corpus, log, signal }, end.result.weights);
    log.change({ status: end.stopped ? 'stopped' : 'finished', sae: done.sae.id });
    if (!end.stopped) await dropCheckpoint(host, checkpointFile(id));
    return { run: id, ...done };
  }
}

/** A run that was stopped before its first step has nothing to hand out. */
export function stoppedEarly(cause: unknown): WorkbenchError {
  return new WorkbenchError('cancelled', 'The run was stopped before its first step.', { cause });
}

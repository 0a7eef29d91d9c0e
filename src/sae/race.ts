import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import type { CheckpointSink } from './checkpoint.ts';
import { type FanOut, fanOut } from './fan_out.ts';
import type { ActivationSource } from './sae.ts';
import {
  planSae,
  type SaeJob,
  type SaeTrainEvent,
  type SaeTrainOptions,
  type SaeTrainResult,
  trainSae,
} from './train.ts';

/** Members of a race. */
export const RACE_SIZE = { min: 2, max: 6 } as const;

/** What a member of a race does; `member` counts the jobs from 0. */
export type RaceEvent =
  | { readonly member: number; readonly event: SaeTrainEvent }
  | { readonly member: number; readonly ended: RaceOutcome };
/** A member's result, or why it has none; the others go on without it. */
export type RaceOutcome =
  | { readonly ok: true; readonly result: SaeTrainResult }
  | { readonly ok: false; readonly error: WorkbenchError };

/**
 * Whether jobs can race: the same batch, tokens and seed, and all of them fit the adapter at once.
 *
 * @returns bytes on the GPU of all members, their rows not counted.
 * @throws WorkbenchError('format') when they cannot see the same rows, 'out-of-memory' when they do not fit together.
 */
export function planRace(gpu: Gpu, jobs: readonly SaeJob[], d_in: number): number {
  if (jobs.length < RACE_SIZE.min || jobs.length > RACE_SIZE.max)
    throw new WorkbenchError(
      'format',
      `A race has ${RACE_SIZE.min} to ${RACE_SIZE.max} members, not ${jobs.length}.`,
      {
        hint: 'Queue further jobs as runs of their own.',
      },
    );
  for (const name of ['batch', 'tokens', 'seed'] as const)
    if (jobs.some((job) => job[name] !== jobs[0]?.[name]))
      throw new WorkbenchError('format', `The members of a race differ in ${name}.`, {
        hint: 'A race shows every member the same rows in the same steps: give all of them one value.',
      });
  let total = 0;
  for (const job of jobs) {
    const plan = planSae(gpu, job, d_in);
    if (!plan.fits) throw new WorkbenchError('out-of-memory', plan.refusal ?? 'A member does not fit.');
    total += plan.gpuBytes;
  }
  if (total > gpu.caps.plannedBytes)
    throw new WorkbenchError(
      'out-of-memory',
      `The ${jobs.length} members take ${Math.ceil(total / 2 ** 20)} MiB on the GPU; at most ${Math.ceil(gpu.caps.plannedBytes / 2 ** 20)} MiB are planned on this adapter.`,
      { hint: 'Race fewer members, or choose a smaller d_sae or batch.' },
    );
  return total;
}

interface Member {
  readonly index: number;
  readonly run: ReturnType<typeof trainSae>;
  outcome: RaceOutcome | undefined;
}

/**
 * Trains several SAEs side by side on one stream of rows, which is harvested once (`fanOut`). The member that is
 * furthest behind goes on, so that all of them stand at about the same token. Jobs of equal d_sae begin with equal
 * weights, since the first weights follow from the seed alone; a member's losses are those it has when it trains alone.
 *
 * A member that fails ends for itself. Not pulling is pause, `return()` stops all and frees everything.
 * @param sinks where each member's checkpoints go, by member.
 * @throws WorkbenchError as `planRace` does, and 'cancelled' when the signal fires.
 */
export async function* raceSaes(
  gpu: Gpu,
  jobs: readonly SaeJob[],
  source: ActivationSource,
  sinks: readonly CheckpointSink[],
  signal: AbortSignal,
  options: Omit<SaeTrainOptions, 'resume' | 'branch'> = {},
): AsyncGenerator<RaceEvent, readonly RaceOutcome[], void> {
  planRace(gpu, jobs, source.d_in);
  using shared = fanOut(gpu, source, (jobs[0] as SaeJob).batch, jobs.length);
  const members: Member[] = jobs.map((job, index) => ({
    index,
    run: trainSae(
      gpu,
      job,
      shared.readers[index] as ActivationSource,
      sinks[index] as CheckpointSink,
      signal,
      options,
    ),
    outcome: undefined,
  }));
  try {
    for (let member = behind(members, shared); member; member = behind(members, shared))
      yield await goOn(member, shared, signal);
    return members.map((m) => m.outcome as RaceOutcome);
  } finally {
    for (const { run } of members) await run.return(undefined as never);
  }
}

/** The running member that has taken the fewest rows. */
function behind(members: readonly Member[], shared: FanOut): Member | undefined {
  let found: Member | undefined;
  for (const m of members)
    if (!m.outcome && (!found || shared.rowsRead(m.index) < shared.rowsRead(found.index))) found = m;
  return found;
}

async function goOn(m: Member, shared: FanOut, signal: AbortSignal): Promise<RaceEvent> {
  try {
    const next = await m.run.next();
    if (!next.done) return { member: m.index, event: next.value };
    m.outcome = { ok: true, result: next.value };
  } catch (error) {
    const known = error instanceof WorkbenchError;
    if (!known || signal.aborted || error.code === 'device-lost') throw error;
    m.outcome = { ok: false, error };
  }
  shared.close(m.index);
  return { member: m.index, ended: m.outcome };
}

import { expect, test } from 'vitest';
import { WorkbenchError } from '#base/errors.ts';
import { collect, memorySink, rowSource } from '#e2e/fixtures/sae_source.ts';
import { testGpu } from '#gpu/testing.ts';
import { readCheckpoint } from './checkpoint.ts';
import { fanOut } from './fan_out.ts';
import { type RaceOutcome, raceSaes } from './race.ts';
import type { SaeJob } from './train.ts';
import { trainSae } from './train.ts';

const gpu = await testGpu();
const never = new AbortController().signal;
const BATCH = 32;
const quiet = { checkpointSeconds: 0 };

const job = (k: number, steps: number, o: Partial<SaeJob> = {}): SaeJob => ({
  variant: 'topk',
  d_sae: 64,
  batch: BATCH,
  seed: 3,
  tokens: BATCH * steps,
  config: { k, lr: 5e-3, deadTokens: 256 },
  ...o,
});

async function drive(race: ReturnType<typeof raceSaes>) {
  const losses: number[][] = [];
  const order: number[] = [];
  for (;;) {
    const next = await race.next();
    if (next.done) return { losses, order, outcomes: next.value as readonly RaceOutcome[] };
    const { member } = next.value;
    order.push(member);
    losses[member] ??= [];
    if ('event' in next.value && next.value.event.type === 'step')
      losses[member].push(...next.value.event.losses);
  }
}

// d_in 13: a batch of 32 rows is 1,664 bytes, no multiple of 256, so rows are copied; 16: handed out in place.
test.each([13, 16])('each member of a race trains bit for bit as it does alone, d_in %i', async (d_in) => {
  const jobs = [job(2, 40), job(4, 40), job(7, 40, { d_sae: 96 })];
  using rows = rowSource(gpu, d_in, BATCH * 60);
  const sinks = jobs.map(() => memorySink());
  const raced = await drive(raceSaes(gpu, jobs, rows, sinks, never, quiet));
  expect(raced.outcomes.every((o) => o.ok)).toBe(true);
  for (const [i, one] of jobs.entries()) {
    using own = rowSource(gpu, d_in, BATCH * 60);
    const sink = memorySink();
    const alone = await collect(trainSae(gpu, one, own, sink, never, quiet));
    expect(raced.losses[i]).toEqual(alone.losses);
    const [a, b] = [sinks[i]!.saved.get(40)!, sink.saved.get(40)!];
    expect((await readCheckpoint(a)).meta.position).toEqual((await readCheckpoint(b)).meta.position);
    expect(a).toEqual(b);
  }
});

test('the source is read once, however many members there are', async () => {
  using rows = rowSource(gpu, 16, BATCH * 60);
  let taken = 0;
  const counted = {
    d_in: rows.d_in,
    hasGradient: rows.hasGradient,
    get position() {
      return rows.position;
    },
    next: (n: number, signal: AbortSignal) => {
      taken += n;
      return rows.next(n, signal);
    },
  };
  const jobs = [2, 3, 5].map((k) => job(k, 30));
  await drive(
    raceSaes(
      gpu,
      jobs,
      counted,
      jobs.map(() => memorySink()),
      never,
      quiet,
    ),
  );
  // 30 steps of training and the three batches (a tenth) from which input is measured.
  expect(taken).toBe(BATCH * 33);
});

test('a member that fails ends alone, and the others go on', async () => {
  using rows = rowSource(gpu, 16, BATCH * 60);
  const full = {
    write: async () => {
      throw new WorkbenchError('storage', 'The disk is full.');
    },
  };
  const sound = memorySink();
  const race = raceSaes(gpu, [job(2, 30), job(4, 30)], rows, [full, sound], never, quiet);
  const { outcomes } = await drive(race);
  expect(outcomes[0]).toMatchObject({ ok: false, error: { code: 'storage' } });
  expect(outcomes[1]).toMatchObject({ ok: true, result: { step: 30, end: 'finished' } });
});

test('what cannot race is refused, and a stopped or cancelled race gives everything back', async () => {
  using rows = rowSource(gpu, 16, BATCH * 60);
  const start = (jobs: readonly SaeJob[], signal = never) =>
    raceSaes(
      gpu,
      jobs,
      rows,
      jobs.map(() => memorySink()),
      signal,
      quiet,
    ).next();
  await expect(start([job(2, 30)])).rejects.toThrow('2 to 6 members, not 1');
  await expect(start([job(2, 30), job(2, 20)])).rejects.toThrow('differ in tokens');
  await expect(start([job(2, 30), job(65, 30)])).rejects.toThrow('k = 65 exceeds d_sae = 64');
  const cancelled = new AbortController();
  cancelled.abort();
  await expect(start([job(2, 30), job(4, 30)], cancelled.signal)).rejects.toMatchObject({
    code: 'cancelled',
  });
  const jobs = [job(2, 30), job(4, 30)];
  const stopped = raceSaes(
    gpu,
    jobs,
    rows,
    jobs.map(() => memorySink()),
    never,
    quiet,
  );
  await stopped.next();
  await stopped.return([]);
});

test('readers at different paces get the same rows and positions; gradients come along', async () => {
  using rows = rowSource(gpu, 13, 4 * 60);
  using shared = fanOut(gpu, rows, 4, 2);
  const [a, b] = shared.readers;
  const read = async (reader: typeof a, n: number): Promise<number[]> => {
    const got = await reader!.next(n, never);
    return [...(await gpu.readF32(got!.x)), ...(await gpu.readF32(got!.g!))];
  };
  const xOf = (v: readonly number[]): readonly number[] => v.slice(0, v.length / 2);
  const fast = xOf(await read(a, 80)); // two segments and more
  expect(a!.position).toEqual({ block: 0, row: 80 });
  const slow = [...xOf(await read(b, 24)), ...xOf(await read(b, 56))];
  expect(slow).toEqual(fast);
  expect(b!.position).toEqual({ block: 0, row: 80 });
  expect(await read(a, 40)).toEqual(await read(b, 40));
  expect(await a!.next(4 * 60, never)).toBeUndefined();
  expect(a!.position).toEqual({ block: 0, row: 120 });
  shared.close(1);
  expect(shared.rowsRead(1)).toBe(120);
  await expect(a!.next(3, never)).rejects.toThrow('whole batches of 4 rows');
});

import { evaluateSae } from '#analysis/evaluate.ts';
import { harvest } from '#analysis/harvest.ts';
import type { EvalSums } from '#analysis/metrics.ts';
import { standings } from '#analysis/standings.ts';
import { WorkbenchError } from '#base/errors.ts';
import { writeSaeLens } from '#sae/formats/saelens.ts';
import { planRace, type RaceOutcome, raceSaes, type RaceEvent as SaeRaceEvent } from '#sae/race.ts';
import { variantOf } from '#sae/variants/index.ts';
import { type SaeMeta, type SaeWeights, saeOnGpu } from '#sae/weights.ts';
import { type Corpus, openCorpus, windowsFor } from './corpora.ts';
import { EVALUATION_TOKENS } from './finish_run.ts';
import { densityHistogram } from './live_evaluation.ts';
import type { Standing } from './protocol/metrics.ts';
import type { RaceEvent, RaceJob, RaceRow, RaceSummary } from './protocol/races.ts';
import { RunControl } from './run_control.ts';
import { freshRun } from './run_log.ts';
import { blobsOf, saeInfo, weightsId } from './sae_files.ts';
import { macrotask } from './scheduler.ts';
import type { Session } from './session.ts';
import { EXCLUDED, needsGradient, type PlannedJob, planJob, stoppable } from './training.ts';

/** Every member is measured so many times less one while it trains, on so many held-out tokens, and at its end. */
const LIVE = { gpu: { times: 8, tokens: 8192 }, software: { times: 3, tokens: 1024 } } as const;

/** Races of this worker. A race lives in memory: what is stored are the SAEs that it ends with. */
export class Races {
  readonly #session: Session;
  readonly #active = new Map<string, RunControl>();
  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws WorkbenchError('format') when no such race is going on. */
  control(id: string, action: 'pause' | 'resume' | 'stop'): void {
    const control = this.#active.get(id);
    if (!control)
      throw new WorkbenchError('format', `There is no race ${id.slice(0, 64)} going on.`, {
        hint: 'Races end with the tab; start another one.',
      });
    control[action]();
  }

  async *start(job: RaceJob, signal: AbortSignal): AsyncGenerator<RaceEvent, RaceSummary, void> {
    const { id } = freshRun(0);
    const { members, evaluationTokens, ...shared } = job;
    const planned: PlannedJob[] = [];
    for (const member of members) planned.push(await planJob(this.#session, { ...shared, ...member }));
    const first = planned[0];
    if (!first) throw new WorkbenchError('format', 'A race has 2 to 6 members, not 0.');
    planRace(
      this.#session.host.gpu,
      planned.map((p) => p.sae),
      first.d_in,
    );
    const control = new RunControl();
    this.#active.set(id, control);
    try {
      using _model = first.model.shared.hold();
      const corpus = await openCorpus(this.#session.host, first.model, job.corpus);
      const titles = job.members.map((m, i) => m.title ?? titleOf(planned[i] as PlannedJob));
      const race = new Race(this.#session, {
        ...{ id, planned, titles, corpus, control, signal, evaluationTokens },
      });
      yield { type: 'start', race: id, titles, steps: first.plan.steps };
      return yield* race.run();
    } finally {
      this.#active.delete(id);
    }
  }
}

/** 'TopK, k 16' : the variant and the fields by which it differs from its defaults. */
function titleOf({ sae }: PlannedJob): string {
  const variant = variantOf(sae.variant);
  const own = Object.entries(sae.config).filter(([name, value]) => variant.fields[name]?.default !== value);
  return [variant.title, ...own.map(([name, value]) => `${name} ${String(value)}`)].join(', ');
}

interface Parts {
  readonly id: string;
  readonly planned: readonly PlannedJob[];
  readonly titles: readonly string[];
  readonly corpus: Corpus;
  readonly control: RunControl;
  readonly signal: AbortSignal;
  readonly evaluationTokens: number | undefined;
}
interface Measured {
  readonly row: RaceRow;
  readonly batches: readonly EvalSums[];
}

/** One race from its first step to its last row. */
class Race {
  readonly #session: Session;
  readonly #parts: Parts;
  /** Last measurement of each member. */
  readonly #measured = new Map<number, Measured>();
  constructor(session: Session, parts: Parts) {
    this.#session = session;
    this.#parts = parts;
  }

  get #first(): PlannedJob {
    return this.#parts.planned[0] as PlannedJob;
  }

  get #live(): (typeof LIVE)['gpu' | 'software'] {
    return this.#session.host.gpu.caps.fallback ? LIVE.software : LIVE.gpu;
  }
  get #lastTokens(): number {
    const { fallback } = this.#session.host.gpu.caps;
    return this.#parts.evaluationTokens ?? EVALUATION_TOKENS[fallback ? 'software' : 'gpu'];
  }

  async *run(): AsyncGenerator<RaceEvent, RaceSummary, void> {
    const outcomes = yield* this.#train();
    if (this.#parts.signal.aborted) throw new WorkbenchError('cancelled', 'The race was cancelled.');
    const members: RaceSummary['members'][number][] = [];
    for (const [member, outcome] of outcomes.entries())
      if (!outcome.ok) members.push({ error: outcome.error.toWire() });
      else {
        const { weights, step } = outcome.result;
        const measured = yield* this.#measure(member, weights, step, this.#lastTokens);
        const sae = await this.#store(member, weights, measured.row);
        members.push({ sae, row: measured.row });
      }
    const done = members.flatMap((m, member) => (m.row ? [member] : []));
    const table = this.#standings(done);
    const rows = members.map((m, member) => {
      const standing = table[done.indexOf(member)];
      return standing ? { ...m, standing } : m;
    });
    return { race: this.#parts.id, members: rows };
  }

  /** Standings of these members; the numbers in them are members' again. */
  #standings(members: readonly number[]): readonly Standing[] {
    const table = standings(members.map((m) => this.#measured.get(m)?.batches ?? []));
    const back = (i: number): number => members[i] as number;
    return table.map((s) => ({ ...s, equals: s.equals.map(back), leader: back(s.leader) }));
  }

  async *#train(): AsyncGenerator<RaceEvent, readonly RaceOutcome[], void> {
    const { host } = this.#session;
    const { planned, corpus, control, signal } = this.#parts;
    const { site, model, sae } = this.#first;
    const gradient = planned.some((p) => needsGradient(p.sae));
    const wanted = { site, seed: sae.seed, excludedPositions: EXCLUDED, gradient };
    using source = harvest(host.gpu, model.lm, corpus.train, wanted);
    let turn: Disposable | undefined;
    const race = raceSaes(
      host.gpu,
      planned.map((p) => p.sae),
      stoppable(source, control),
      planned.map(() => ({ write: async () => undefined })),
      signal,
      {
        eventSteps: this.#marks(),
        busy: () => host.scheduler.interactiveWaits,
        yieldToInteractive: async () => {
          turn?.[Symbol.dispose]();
          await macrotask();
          turn = await host.scheduler.enter('background');
        },
      },
    );
    try {
      for (;;) {
        turn = await host.scheduler.enter('background');
        let next: IteratorResult<SaeRaceEvent, readonly RaceOutcome[]>;
        try {
          next = await race.next();
        } finally {
          turn[Symbol.dispose]();
          turn = undefined;
        }
        if (next.done) return next.value;
        yield* this.#tell(next.value);
        if (control.wish === 'pause') {
          yield { type: 'paused' };
          await control.whilePaused();
          yield { type: 'resumed' };
        }
        await macrotask();
      }
    } finally {
      await race.return([]);
    }
  }

  async *#tell(e: SaeRaceEvent): AsyncGenerator<RaceEvent, void, void> {
    const { member } = e;
    if ('ended' in e) {
      yield { type: 'ended', member, ...(!e.ended.ok && { error: e.ended.error.toWire() }) };
      return;
    }
    const { event } = e;
    if (event.type === 'warning') yield { type: 'warning', member, error: event.error.toWire() };
    if (event.type !== 'step') return;
    const { step, tokens, snapshot } = event;
    const { figures: _, gradNorm: __, ...metrics } = event.metrics;
    yield { type: 'step', member, step, tokens, metrics };
    if (!this.#marks().includes(step)) return;
    const { weights } = await snapshot();
    yield* this.#measure(member, weights, step, this.#live.tokens);
    const all = this.#parts.planned.map((_p, i) => i);
    if (all.some((i) => this.#measured.get(i)?.row.step !== step)) return;
    yield { type: 'standings', step, standings: this.#standings(all) };
  }

  /** Steps before the last at which every member is measured; a run stops for an event at each. */
  #marks(): readonly number[] {
    const { times } = this.#live;
    const { steps } = this.#first.plan;
    const marks = Array.from({ length: times - 1 }, (_, i) => Math.ceil(((i + 1) * steps) / times));
    return marks.filter((s) => s < steps);
  }

  async *#measure(
    member: number,
    weights: SaeWeights,
    step: number,
    tokens: number,
  ): AsyncGenerator<RaceEvent, Measured, void> {
    const { host } = this.#session;
    const { heldOut } = this.#parts.corpus;
    const { gpu } = host;
    using sae = saeOnGpu(gpu, weights, this.#meta(member, 'running'));
    const windows = windowsFor(heldOut, tokens);
    // At least sixteen batches, so that a bootstrap has something to draw from.
    const batch = Math.max(1, Math.min(16, Math.floor(windows / 16)));
    const options = { windows, batch, signal: this.#parts.signal };
    const work = host.scheduler.background(
      evaluateSae(gpu, this.#first.model.lm, sae, heldOut, options),
      this.#parts.signal,
    );
    let next = await work.next();
    while (!next.done) next = await work.next();
    const { metrics, density, batches } = next.value;
    const measured = { row: { member, step, metrics, density: densityHistogram(density) }, batches };
    this.#measured.set(member, measured);
    yield { type: 'evaluation', ...measured.row };
    return measured;
  }

  #meta(member: number, id: string): SaeMeta {
    const { planned, titles, id: race } = this.#parts;
    const { site, model, sae } = planned[member] as PlannedJob;
    return {
      id,
      title: `${titles[member]}, layer ${/^blocks\.(\d+)\./.exec(site)?.[1] ?? site}`,
      model: model.info.id,
      site,
      variant: sae.variant,
      excludedPositions: EXCLUDED,
      createdAt: new Date().toISOString(),
      extra: { job: sae, race },
    };
  }

  async #store(member: number, weights: SaeWeights, { metrics }: RaceRow) {
    const meta = this.#meta(member, await weightsId(weights));
    const { info } = this.#first.model;
    const context = {
      modelName: info.title,
      contextSize: this.#parts.corpus.all.seq,
      prependBos: info.defaultPrependBos,
    };
    const full = { ...meta, extra: { ...meta.extra, metrics } };
    const files = blobsOf(writeSaeLens(weights, full, context));
    const bytes = Object.values(files).reduce((sum, b) => sum + b.size, 0);
    const sae = saeInfo(full, weights, { source: 'trained here', bytes });
    await this.#session.saes.add(sae, files);
    return sae;
  }
}

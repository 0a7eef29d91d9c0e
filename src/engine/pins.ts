import { PinSample } from '#analysis/pin_sample.ts';
import { type PinnedFacts, pinnedFacts } from '#analysis/pins.ts';
import { WorkbenchError } from '#base/errors.ts';
import { MAX_PINS } from '#base/pins.ts';
import { makeRng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { LiveCounts, LiveSae } from '#sae/live.ts';
import type { Corpus } from './corpora.ts';
import type { Host } from './host.ts';
import { pieceOf, piecesOf } from './inputs.ts';
import type { LoadedModel } from './loaded_model.ts';
import { EVERY_MS, nextPace } from './pin_pace.ts';
import type { PinChange, PinnedFeature, PinsEvent, PinWish } from './protocol/pins.ts';
import type { TrainEvent } from './protocol/training.ts';
import type { RunLog } from './run_log.ts';
import type { PlannedJob } from './training.ts';

export interface PinsOf {
  readonly host: Host;
  readonly gpu: Gpu;
  readonly planned: PlannedJob;
  readonly corpus: Corpus;
  readonly log: RunLog;
  /** Positions that the run leaves out. */
  readonly excluded: readonly number[];
}

/**
 * The pinned features of one run, looked at between two steps of its trainer. Their numbers are kept in the run's log,
 * so that a resumed run has them; training computes the same bits with and without them.
 */
export class LivePins implements Disposable {
  readonly #of: PinsOf;
  readonly #sample: PinSample;
  #live: LiveSae | undefined;
  #features: readonly number[];
  /** Batches of the sample that the next refresh goes through. */
  #batches = 1;
  #changed: boolean;
  #notBefore = 0;
  /** Step of the last refresh. */
  #step = -1;
  #draws = 0;
  #wake: (() => void)[] = [];
  readonly #told: TrainEvent[] = [];
  #listen: () => void = () => undefined;

  constructor(of: PinsOf) {
    const { gpu, planned, corpus, log, excluded } = of;
    this.#of = of;
    const options = { site: planned.site, excludedPositions: excluded };
    this.#sample = new PinSample(gpu, planned.model.lm, corpus.heldOut, options);
    this.#features = log.info.pins ?? [];
    this.#changed = this.#features.length > 0;
  }

  /** The trainer has its buffers. */
  readonly attach = (live: LiveSae): void => {
    this.#live = live;
  };

  /**
   * Pins and unpins, and gives the features that then are pinned.
   *
   * @throws WorkbenchError('format') for a feature that the SAE does not have, or more than eight; nothing changes then.
   */
  async change({ add = [], remove = [] }: PinChange): Promise<readonly number[]> {
    const counts = add.some((w) => w === 'densest' || w === 'quietest') ? await this.#counts() : undefined;
    const pinned = new Set(this.#features.filter((f) => !remove.includes(f)));
    for (const wish of add) pinned.add(this.#chosen(wish, pinned, counts));
    if (pinned.size > MAX_PINS)
      throw new WorkbenchError(
        'format',
        `${pinned.size} features cannot be pinned at once, only ${MAX_PINS}.`,
        {
          hint: 'Unpin one first.',
        },
      );
    this.#features = [...pinned];
    this.#changed = true;
    this.#of.log.change({ pins: this.#features });
    for (const wake of this.#wake.splice(0)) wake();
    await this.#of.log.save();
    return this.#features;
  }

  #chosen(wish: PinWish, pinned: ReadonlySet<number>, counts: LiveCounts | undefined): number {
    const { d_sae, seed } = this.#of.planned.sae;
    if (typeof wish === 'number') {
      if (Number.isInteger(wish) && wish >= 0 && wish < d_sae) return wish;
      throw new WorkbenchError('format', `There is no feature ${wish}: this SAE has 0 to ${d_sae - 1}.`);
    }
    const free = Array.from({ length: d_sae }, (_, f) => f).filter((f) => !pinned.has(f));
    if (free.length === 0) throw new WorkbenchError('format', 'Every feature of this SAE is pinned already.');
    if (wish === 'random')
      return free[
        makeRng(seed)
          .fork(`pin/${this.#draws++}`)
          .int(free.length)
      ] as number;
    const by = wish === 'densest' ? counts?.density : counts?.quietTokens;
    return free.reduce((a, b) => ((by?.[b] ?? 0) > (by?.[a] ?? 0) ? b : a));
  }

  /** Firing counts, read on the interactive lane: between two submits of the trainer. */
  async #counts(): Promise<LiveCounts> {
    using _turn = await this.#of.host.scheduler.enter('interactive');
    if (this.#live && this.#live.step > 0) return this.#live.counts();
    throw new WorkbenchError('format', 'The run has not made its first step, so no feature stands out yet.', {
      hint: 'Wait for the first losses, or pin a feature by its number.',
    });
  }

  /** Resolves when the pins are others than at the last look. */
  whenChanged(): Promise<void> {
    return this.#changed ? Promise.resolve() : new Promise((resolve) => this.#wake.push(resolve));
  }

  /**
   * Looks at the pinned features when it is time, or `now`; the trainer must stand still meanwhile. `take` has the event.
   *
   * @throws WorkbenchError('device-lost'); any other failure ends the pins with a warning.
   */
  async look(now = false): Promise<void> {
    const live = this.#live;
    if (!live || !this.#isDue(live, now)) return;
    // What training submitted before is its own time.
    await this.#of.gpu.idle();
    const isFirst = this.#changed;
    this.#changed = false;
    const started = performance.now();
    try {
      const event = await this.#facts(live);
      const ms = performance.now() - started;
      // The first look after a change may compile kernels, which says nothing of the next.
      const { batches, every } = isFirst
        ? { batches: this.#batches, every: EVERY_MS }
        : nextPace(ms, this.#size);
      this.#batches = batches;
      this.#notBefore = started + every;
      this.#tell({ ...event, ms, pinned: this.#features });
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code === 'device-lost') throw error;
      this.#features = [];
      this.#tell({ type: 'warning', error: error.toWire() });
    }
  }

  get #size(): { batches: number; most: number } {
    return { batches: this.#batches, most: this.#sample.most };
  }

  #isDue(live: LiveSae, now: boolean): boolean {
    if (this.#changed) return true;
    if (this.#features.length === 0) return false;
    return now || (live.step !== this.#step && performance.now() >= this.#notBefore);
  }

  #tell(event: TrainEvent): void {
    this.#told.push(event);
    this.#listen();
  }
  /** Events since the last call. */
  take(): TrainEvent[] {
    return this.#told.splice(0);
  }
  /** Resolves when there is an event to take, or when `other` is settled; for one who waits. */
  whenToldOr(other: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      this.#listen = resolve;
      if (this.#told.length > 0) resolve();
      const settled = (): void => resolve();
      other.then(settled, settled);
    });
  }

  async #facts(live: LiveSae): Promise<Omit<PinsEvent, 'ms' | 'pinned'>> {
    const features = this.#features;
    const { step, tokens } = live;
    this.#step = step;
    const counts = features.length > 0 ? await live.counts() : undefined;
    const steps = this.#of.host.scheduler.background(this.#steps(live, features));
    let next = await steps.next();
    while (!next.done) next = await steps.next();
    const facts = next.value;
    const { model } = this.#of.planned;
    const perWindow = this.#sample.seq - this.#of.excluded.length;
    return {
      ...{ type: 'pins', step, tokens },
      sampleTokens: this.#sample.windowsPerBatch * perWindow * Math.min(this.#batches, this.#sample.filled),
      features: facts.map((f) => inWords(model, f, counts as LiveCounts)),
    };
  }

  async *#steps(
    live: LiveSae,
    features: readonly number[],
  ): AsyncGenerator<void, readonly PinnedFacts[], void> {
    const { gpu, planned } = this.#of;
    if (features.length === 0) return [];
    yield* this.#sample.fill(this.#batches);
    const batches = Math.min(this.#batches, this.#sample.filled);
    const wish = { features, site: planned.site, batches };
    return yield* pinnedFacts(gpu, planned.model.lm, live, this.#sample, wish);
  }

  /** The trainer's buffers are about to go. */
  [Symbol.dispose](): void {
    this.#live = undefined;
    this.#sample[Symbol.dispose]();
  }
}

/** Facts in the words of the page. */
function inWords(model: LoadedModel, facts: PinnedFacts, counts: LiveCounts): PinnedFeature {
  const { feature } = facts;
  return {
    ...facts,
    trainDensity: counts.density[feature] as number,
    quietTokens: counts.quietTokens[feature] as number,
    dead: counts.dead[feature] as boolean,
    examples: facts.examples.map((e) => ({ ...e, pieces: piecesOf(model, e.ids) })),
    topLogits: facts.topLogits.map((l) => ({ ...l, piece: pieceOf(model, l.id) })),
    bottomLogits: facts.bottomLogits.map((l) => ({ ...l, piece: pieceOf(model, l.id) })),
  };
}

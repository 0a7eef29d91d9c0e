import { abilitiesOf, measureAbilities } from '#analysis/abilities.ts';
import type { AbilityKind, AbilityPrompts, AbilityRow } from '#base/ability.ts';
import { makeRng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import { generate } from '#model/generate.ts';
import type { LanguageModel } from '#model/model.ts';
import { abilityPrompts } from '#text/storyland/ability_prompts.ts';
import { documentRows } from '#text/storyland/curriculum_stream.ts';
import type { PlannedModel } from './model_job.ts';
import type { ModelEvaluation } from './protocol/model_training.ts';

/** Evaluations of a run; a curve needs no more. */
const EVALUATIONS = 32;
/** Each waits until training took this many times as long as the evaluation before. */
const COST_RATIO = 8;
/** Prompts of each ability, held-out rows, and tokens of the sample. */
const COUNTS = {
  gpu: { prompts: 48, rows: 16, sample: 60 },
  software: { prompts: 6, rows: 4, sample: 24 },
} as const;
export const SAMPLE_TEMPERATURE = 0.8;

const HELD_OUT: AbilityKind = {
  key: 'heldOut',
  label: 'held-out loss',
  ...{ unit: 'nats', better: 'lower' },
  definition: 'Mean of −log p(next token) on documents that training never sees.',
};

type Judgement = Pick<ModelEvaluation, 'heldOutLoss' | 'abilities' | 'sample'>;

/** Looks at a transformer while it trains: held-out loss, abilities and a sample of its text. */
export class ModelJudge {
  readonly #planned: PlannedModel;
  readonly #counts: (typeof COUNTS)[keyof typeof COUNTS];
  readonly #prompts: AbilityPrompts;
  readonly #every: number;
  #last = 0;
  #notBefore = 0;

  constructor(gpu: Gpu, planned: PlannedModel) {
    const { config, tokenizer, source, plan } = planned;
    this.#planned = planned;
    this.#counts = gpu.caps.fallback ? COUNTS.software : COUNTS.gpu;
    const { n_ctx } = config;
    const seed = 'page';
    const { kinds, rows } = abilityPrompts(tokenizer, { seed, count: this.#counts.prompts, n_ctx });
    const held = documentRows(source, 'held-out/page', { ctx: n_ctx, count: this.#counts.rows });
    this.#prompts = { kinds: [HELD_OUT, ...kinds], rows: [...held.map(askAll), ...rows] };
    this.#every = Math.max(1, Math.floor(plan.steps / EVALUATIONS));
  }

  /** True when training went on long enough since the last look. */
  isDue(step: number): boolean {
    return step - this.#last >= this.#every && performance.now() >= this.#notBefore;
  }

  /** Measures the weights as they are; yields between passes and between tokens. */
  async *judge(gpu: Gpu, model: LanguageModel, step: number): AsyncGenerator<undefined, Judgement, void> {
    const started = performance.now();
    const measuring = measureAbilities(gpu, model, this.#prompts);
    let part = await measuring.next();
    for (; !part.done; part = await measuring.next()) yield undefined;
    const [heldOut, ...abilities] = abilitiesOf(this.#prompts.kinds, part.value);
    const sample = yield* this.#sample(gpu, model);
    const ended = performance.now();
    this.#last = step;
    this.#notBefore = ended + COST_RATIO * (ended - started);
    return { heldOutLoss: heldOut?.clean ?? Number.NaN, abilities, sample };
  }

  /** One document: it ends where the model begins the next one. */
  async *#sample(gpu: Gpu, model: LanguageModel): AsyncGenerator<undefined, string, void> {
    const { tokenizer, source, job } = this.#planned;
    const rng = makeRng(`sample/${job.seed}`);
    const text: number[] = [];
    const [tokens, temperature] = [this.#counts.sample, SAMPLE_TEMPERATURE];
    for await (const id of generate(gpu, model, { ids: [source.bos], tokens, temperature, rng })) {
      if (id === source.bos) break;
      text.push(id);
      yield undefined;
    }
    return tokenizer.decode(text);
  }
}

/** Every token of the row is asked about, given those before it. */
function askAll(ids: readonly number[]): AbilityRow {
  const questions = ids.slice(1).map((right, at) => ({ of: HELD_OUT.key, at, right }));
  return { ids, questions };
}

import type {
  Ability,
  AbilityKind,
  AbilityPrompts,
  AbilityQuestion,
  AbilityRow,
  AbilityUnit,
} from '#base/ability.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { crossEntropy } from '#gpu/ops/loss.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Scope } from '#gpu/scope.ts';
import { rows, type Tensor, view } from '#gpu/tensor.ts';
import type { HookName } from '#model/hooks.ts';
import type { HookEdit, LanguageModel, Run, Workspace } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';
import { checkSignal, siteOf, windowsPerPass } from './site.ts';
import { spliceEdit } from './splice.ts';

type F = Tensor<'f32'>;

/** Mean of an ability's answers and how many there were. */
export interface AbilityFigure {
  readonly value: number;
  readonly n: number;
}
/** Figures by the key of the ability; what no row asks about is absent. */
export type AbilityFigures = ReadonlyMap<string, AbilityFigure>;

export interface AbilityOptions {
  /** Stands in at its site at every position that it does not exclude (decision 15); absent: the clean model. */
  readonly sae?: Sae | undefined;
  /** Rows of one forward pass; default about 2,048 tokens, 512 on a software adapter. */
  readonly batch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
/** Tokens gone through. */
export interface AbilityProgress {
  readonly done: number;
  readonly total: number;
}

const BATCH_TOKENS = 2048;
/** The target that counts for nothing. */
const NO_TARGET = 0xffffffff;

/**
 * What the model answers to the prompts' questions, clean or with an SAE spliced in; one forward pass a batch of rows.
 *
 * @throws WorkbenchError('shape') when the SAE does not fit the model or a row asks about two answers at one position,
 * 'cancelled' when the signal fires.
 */
export async function* measureAbilities(
  gpu: Gpu,
  model: LanguageModel,
  prompts: AbilityPrompts,
  { sae, batch: wanted, signal }: AbilityOptions = {},
): AsyncGenerator<AbilityProgress, AbilityFigures, void> {
  // Rows of like length run together, so that little is padded.
  const list = prompts.rows.filter((r) => r.questions.length > 0).sort((a, b) => a.ids.length - b.ids.length);
  const tally = new Tally(prompts.kinds);
  const seq = list.at(-1)?.ids.length;
  if (seq === undefined) return tally.figures();
  const batch = Math.min(list.length, wanted ?? windowsPerPass(gpu.caps, seq, BATCH_TOKENS));
  const shares = new Set(prompts.kinds.filter((k) => k.unit === 'share').map((k) => k.key));
  using asker = new Asker(gpu, model, { batch, seq, sae, shares });
  const total = list.reduce((sum, r) => sum + r.ids.length, 0);
  let done = 0;
  for (let at = 0; at < list.length; at += batch) {
    checkSignal(signal, 'The measurement of abilities');
    const part = list.slice(at, at + batch);
    tally.add(part, await asker.ask(part));
    done += part.reduce((sum, r) => sum + r.ids.length, 0);
    yield { done, total };
  }
  return tally.figures();
}

/** Each kind that was measured with its figures, in the order of `kinds`. */
export function abilitiesOf(
  kinds: readonly AbilityKind[],
  clean: AbilityFigures,
  spliced?: AbilityFigures,
): readonly Ability[] {
  return kinds.flatMap((kind) => {
    const figure = clean.get(kind.key);
    if (!figure) return [];
    const other = spliced?.get(kind.key)?.value;
    const { value, n } = figure;
    return [{ ...kind, clean: value, n, ...(other !== undefined && { spliced: other }) }];
  });
}

/** Answers to a batch of rows, padded to `seq`. */
interface Answers {
  readonly seq: number;
  /** −log p(right) by flattened row. */
  readonly nats: Float32Array;
  /** Logits of the flattened rows whose questions compare logits. */
  readonly logits: ReadonlyMap<number, Float32Array>;
}

/** Runs batches of rows on buffers made once. */
class Asker implements Disposable {
  readonly #gpu: Gpu;
  readonly #model: LanguageModel;
  readonly #shares: ReadonlySet<string>;
  readonly #scope: Scope;
  readonly #workspace: Workspace;
  readonly #edit: ReadonlyMap<HookName, HookEdit>;
  readonly #splice: Disposable | undefined;
  readonly #u: Readonly<Record<'tokens' | 'targets', Tensor<'u32'>>>;
  readonly #f: Readonly<Record<'nats' | 'lse', F>>;

  constructor(
    gpu: Gpu,
    model: LanguageModel,
    setup: {
      readonly batch: number;
      readonly seq: number;
      readonly sae: Sae | undefined;
      /** Abilities of unit 'share'. */
      readonly shares: ReadonlySet<string>;
    },
  ) {
    const { batch, seq, sae, shares } = setup;
    const site = sae && siteOf(model.config, sae);
    const splice = sae && spliceEdit(gpu, sae, { batch, seq });
    const n = batch * seq;
    const s = gpu.scope('abilities');
    this.#gpu = gpu;
    this.#model = model;
    this.#shares = shares;
    this.#scope = s;
    this.#workspace = model.workspace({ batch, seq });
    this.#splice = splice;
    this.#edit = site && splice ? new Map([[site, splice.edit]]) : new Map();
    this.#u = { tokens: s.tensor('tokens', [n], 'u32'), targets: s.tensor('targets', [n], 'u32') };
    this.#f = { nats: s.tensor('nats', [n], 'f32'), lse: s.tensor('lse', [n], 'f32') };
  }

  async ask(part: readonly AbilityRow[]): Promise<Answers> {
    const seq = Math.max(...part.map((r) => r.ids.length));
    const n = part.length * seq;
    const gpu = this.#gpu;
    const tokens = view(this.#u.tokens, { shape: [part.length, seq] });
    gpu.write(tokens, paddedIds(part, seq));
    gpu.write(view(this.#u.targets, { shape: [n] }), targetsOf(part, seq));
    const compared = comparedRows(part, seq, this.#shares);
    using s = gpu.scope('compared logits');
    const kept = s.tensor('kept', [Math.max(1, compared.length), this.#model.config.d_vocab], 'f32');
    const rec = gpu.record('abilities');
    const run = this.#model.forward(rec, this.#workspace, tokens, { edit: this.#edit });
    this.#recordAnswers(rec, run, compared, kept);
    await rec.submit();
    // Once a batch: a figure a row, and few rows of logits.
    const nats = await gpu.readF32(view(this.#f.nats, { shape: [n] }));
    return {
      seq,
      nats,
      logits: splitRows(compared, compared.length > 0 ? await gpu.readF32(kept) : undefined),
    };
  }

  /** nats of every row, and copies of the logits of some, in chunks of logits that are made once. */
  #recordAnswers(rec: Recorder, run: Run, compared: readonly number[], kept: F): void {
    const n = run.batch * run.seq;
    for (let from = 0; from < n; from += this.#model.logitsChunk) {
      const count = Math.min(this.#model.logitsChunk, n - from);
      const window = <D extends 'f32' | 'u32'>(t: Tensor<D>): Tensor<D> =>
        view(t, { shape: [count], byteOffset: 4 * from });
      const logits = this.#model.logits(rec, run, { from, count });
      const { nats, lse } = this.#f;
      const targets = window(this.#u.targets);
      crossEntropy(rec, { logits, targets, nats: window(nats), lse: view(lse, { shape: [count] }) });
      for (const [i, row] of compared.entries())
        if (row >= from && row < from + count) rec.copy(rows(logits, row - from, 1), rows(kept, i, 1));
    }
  }

  [Symbol.dispose](): void {
    this.#splice?.[Symbol.dispose]();
    this.#workspace[Symbol.dispose]();
    this.#scope[Symbol.dispose]();
  }
}

/** Rows filled up at their end, which causality hides from all that is asked. */
function paddedIds(part: readonly AbilityRow[], seq: number): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(part.length * seq);
  for (const [i, row] of part.entries()) {
    out.fill(row.ids[0] as number, i * seq, (i + 1) * seq);
    out.set(row.ids, i * seq);
  }
  return out;
}

function targetsOf(part: readonly AbilityRow[], seq: number): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(part.length * seq).fill(NO_TARGET);
  for (const [i, row] of part.entries()) {
    for (const { at, right } of row.questions) {
      const before = out[i * seq + at];
      if (before !== NO_TARGET && before !== right)
        throw new WorkbenchError(
          'shape',
          `abilities: two right answers, ${before} and ${right}, at position ${at}`,
        );
      out[i * seq + at] = right;
    }
  }
  return out;
}

/** Flattened rows whose logits are compared, each once. */
function comparedRows(part: readonly AbilityRow[], seq: number, shares: ReadonlySet<string>): number[] {
  const all = part.flatMap((row, i) =>
    row.questions.filter((q) => shares.has(q.of)).map((q) => i * seq + q.at),
  );
  return [...new Set(all)];
}

function splitRows(
  which: readonly number[],
  data: Float32Array<ArrayBuffer> | undefined,
): ReadonlyMap<number, Float32Array> {
  const width = (data?.length ?? 0) / Math.max(1, which.length);
  return new Map(which.map((row, i) => [row, (data as Float32Array).subarray(i * width, (i + 1) * width)]));
}

/** Adds answers up in f64. */
class Tally {
  readonly #units: ReadonlyMap<string, AbilityUnit>;
  readonly #sums = new Map<string, { sum: number; n: number }>();

  constructor(kinds: readonly AbilityKind[]) {
    this.#units = new Map(kinds.map((k) => [k.key, k.unit]));
  }

  add(part: readonly AbilityRow[], answers: Answers): void {
    for (const [i, row] of part.entries()) {
      for (const question of row.questions) {
        const at = i * answers.seq + question.at;
        const of = this.#sums.get(question.of) ?? { sum: 0, n: 0 };
        of.sum += this.#value(question, answers.nats[at] as number, answers.logits.get(at));
        of.n++;
        this.#sums.set(question.of, of);
      }
    }
  }

  #value(question: AbilityQuestion, nats: number, logits: Float32Array | undefined): number {
    switch (this.#units.get(question.of)) {
      case 'nats':
        return nats;
      case 'probability':
        return Math.exp(-nats);
      default:
        return logits && beats(logits, question) ? 1 : 0;
    }
  }

  figures(): AbilityFigures {
    return new Map([...this.#sums].map(([key, { sum, n }]) => [key, { value: sum / n, n }]));
  }
}

function beats(logits: Float32Array, { right, rivals }: AbilityQuestion): boolean {
  const best = logits[right] as number;
  if (rivals) return rivals.every((id) => best > (logits[id] as number));
  return logits.every((logit, id) => id === right || best > logit);
}

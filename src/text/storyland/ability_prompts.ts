import type { AbilityKind, AbilityPrompts, AbilityQuestion, AbilityRow } from '#base/ability.ts';
import { makeRng } from '#base/rng.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { CONTENT_WORDS } from './kinds/echo.ts';
import { probes, randomRow } from './probes.ts';
import { storyland } from './storyland.ts';

/** Text of the prompts of every published figure; no training uses it. */
export const ABILITY_SEED = 'evaluation';

/** What the prompts are made for. */
export interface AbilityOptions {
  readonly seed: string | number;
  /** Prompts of each ability; rows of random words are a third of it, since each asks up to 50 questions. */
  readonly count: number;
  /** The longest row that the model takes. */
  readonly n_ctx: number;
  /** Id that begins every row; default the tokenizer's, which may be none. */
  readonly bosId?: number | undefined;
}

/** Words of a random row before they come again. */
const LOOP = 50;
const SHORTEST_LOOP = 2;
/** A model "knows" Storyland when this share of its words are single tokens: then answers are single tokens too. */
const KNOWN_SHARE = 0.9;
/** Prompts that cannot be asked (too long, an answer of several tokens) are drawn again this often. */
const TRIES = 20;

const LEFT_OUT =
  'Nothing else is measured: the tokens of this model are not the words of Storyland, in which the other prompts are written.';

/** Kinds of rows of `what` that are said twice, L at a time. */
function randomKinds(loop: number, what: string): readonly AbilityKind[] {
  const lossOf = (half: string): string =>
    `Rows of ${loop} different random ${what}, said twice. Mean of −log p(next) over the ${half} saying, in nats; a guess costs ln(number of ${what}).`;
  const shared = { unit: 'nats', better: 'lower' } as const;
  return [
    {
      key: 'induction',
      label: 'induction: random words again',
      ...shared,
      definition: lossOf('second'),
    },
    {
      key: 'randomFirst',
      label: 'random words, first time',
      ...shared,
      definition: lossOf('first'),
    },
  ];
}

const names = (templates: string, figure: string): string =>
  `Two people are named, S acts and IO receives, and IO’s name must come next; ${templates}. ${figure}`;
const SEEN = 'templates that training used, fresh fillers';
const HELD_OUT = 'templates that training never used';
const OVER_S = 'Share of prompts with logit(IO) > logit(S); a coin gives 0.5.';
const P_IO = 'Mean of p(IO).';

const TEXT: readonly AbilityKind[] = [
  {
    key: 'ioSeen',
    label: 'IO over S',
    ...{ unit: 'share', better: 'higher', definition: names(SEEN, OVER_S) },
  },
  {
    key: 'pIoSeen',
    label: 'P(IO)',
    ...{ unit: 'probability', better: 'higher', definition: names(SEEN, P_IO) },
  },
  {
    key: 'ioHeldOut',
    label: 'IO over S, held-out templates',
    ...{ unit: 'share', better: 'higher', definition: names(HELD_OUT, OVER_S) },
  },
  {
    key: 'pIoHeldOut',
    label: 'P(IO), held-out templates',
    ...{ unit: 'probability', better: 'higher', definition: names(HELD_OUT, P_IO) },
  },
  {
    key: 'brackets',
    label: 'nested brackets',
    unit: 'share',
    better: 'higher',
    definition:
      'Code with at least two open brackets of three kinds, cut before a closing one. Share of prompts in which the right closing bracket has the largest logit of the three; a guess gives 0.33.',
  },
  {
    key: 'quoteCloses',
    label: 'quote closes',
    unit: 'probability',
    better: 'higher',
    definition: 'Dialogue documents. Mean of p(closing quotation mark) where it comes next.',
  },
  {
    key: 'quoteNoneOpen',
    label: 'quote closes, none open',
    unit: 'probability',
    better: 'lower',
    definition: 'Dialogue documents. Mean of p(closing quotation mark) where no quotation is open.',
  },
  {
    key: 'question',
    label: 'question answered',
    unit: 'share',
    better: 'higher',
    definition:
      'Two or three facts and a question about one of them, cut before the answer. Share of prompts in which the answer has the largest logit of all tokens.',
  },
];

/**
 * Prompts as ids that measure what a model of Storyland can do, drawn from a seed that training never uses.
 *
 * A tokenizer that does not know Storyland's words gets random rows only, of ids from its whole vocabulary.
 */
export function abilityPrompts(tokenizer: Tokenizer, options: AbilityOptions): AbilityPrompts {
  const maker = new Maker(tokenizer, options);
  if (!maker.knowsStoryland) {
    const kinds = randomKinds(maker.loop, 'tokens of the vocabulary');
    return {
      kinds: kinds.map((k) => ({ ...k, definition: `${k.definition} ${LEFT_OUT}` })),
      rows: maker.randomRows(),
      leftOut: LEFT_OUT,
    };
  }
  const rows = [
    ...maker.randomRows(),
    ...maker.names(false),
    ...maker.names(true),
    ...maker.brackets(),
    ...maker.quotes(),
    ...maker.questions(),
  ];
  return { kinds: [...randomKinds(maker.loop, 'words'), ...TEXT], rows };
}

/** A prompt of which the next token is asked. */
interface Cut {
  readonly text: string;
  readonly right: string;
  readonly rivals?: readonly string[];
  /** Abilities that it counts for. */
  readonly of: readonly string[];
}

class Maker {
  readonly #tokenizer: Tokenizer;
  readonly #options: AbilityOptions;
  readonly #bos: readonly number[];
  readonly #words: readonly number[];

  constructor(tokenizer: Tokenizer, options: AbilityOptions) {
    const bos = options.bosId ?? tokenizer.bosId;
    this.#tokenizer = tokenizer;
    this.#options = options;
    this.#bos = bos === undefined ? [] : [bos];
    this.#words = CONTENT_WORDS.flatMap((word) => this.#tokenizer.findToken(` ${word}`) ?? []);
  }

  get knowsStoryland(): boolean {
    const marks = ['”', ' )', ' ]', ' }'].every((mark) => this.#tokenizer.findToken(mark) !== undefined);
    return marks && this.#words.length >= KNOWN_SHARE * CONTENT_WORDS.length;
  }

  /** Length of a saying: 50, or what fits the context. */
  get loop(): number {
    const room = Math.floor((this.#options.n_ctx - this.#bos.length) / 2);
    return Math.min(LOOP, room, this.#drawn.length);
  }

  /** Ids of random rows. */
  get #drawn(): readonly number[] {
    return this.knowsStoryland ? this.#words : this.#vocabulary;
  }

  /** Rows BOS + w1 … wL + w1 … wL. */
  randomRows(): AbilityRow[] {
    const { seed, count } = this.#options;
    const { loop } = this;
    const ids = this.#drawn;
    const lead = this.#bos.length;
    if (loop < SHORTEST_LOOP) return [];
    const rng = makeRng(`abilities/${seed}/random`);
    return times(Math.ceil(count / 3), () => {
      const row = [...this.#bos, ...randomRow(rng, ids, { loop, length: 2 * loop })];
      const questions = row.slice(1).map((right, at): AbilityQuestion => {
        const isSecond = at + 1 >= lead + loop;
        return { of: isSecond ? 'induction' : 'randomFirst', at, right };
      });
      return { ids: row, questions };
    });
  }

  names(heldOut: boolean): AbilityRow[] {
    const make = this.#probes(heldOut ? 'held out' : 'seen');
    const of = heldOut ? ['ioHeldOut', 'pIoHeldOut'] : ['ioSeen', 'pIoSeen'];
    return this.#cuts(() => {
      const { text, io, s } = make.ioi(heldOut);
      return { text, right: ` ${io}`, rivals: [` ${s}`], of };
    });
  }

  brackets(): AbilityRow[] {
    const make = this.#probes('brackets');
    return this.#cuts(() => {
      const { text, close, depth } = make.bracket();
      if (depth < 2) return undefined;
      const rivals = [' )', ' ]', ' }'].filter((mark) => mark !== close);
      return { text, right: close, rivals, of: ['brackets'] };
    });
  }

  questions(): AbilityRow[] {
    const make = this.#probes('question');
    return this.#cuts(() => {
      const { text, answer } = make.question();
      return { text, right: ` ${answer}`, of: ['question'] };
    });
  }

  /** Dialogue documents: the closing mark is asked about wherever it comes, and wherever no quotation is open. */
  quotes(): AbilityRow[] {
    const { seed, count, n_ctx } = this.#options;
    const land = storyland(`abilities/${seed}/quotes`);
    const close = this.#tokenizer.findToken('”') as number;
    return times(Math.ceil(count / 4), () => {
      const text = this.#tokenizer.encode(land.document('dialogue').text);
      const ids = [...this.#bos, ...text].slice(0, n_ctx);
      const questions: AbilityQuestion[] = [];
      let isOpen = false;
      for (let at = 0; at + 1 < ids.length; at++) {
        const piece = this.#tokenizer.piece(ids[at] as number);
        isOpen = piece.includes('“') || (isOpen && !piece.includes('”'));
        if (ids[at + 1] === close) questions.push({ of: 'quoteCloses', at, right: close });
        else if (!isOpen) questions.push({ of: 'quoteNoneOpen', at, right: close });
      }
      return { ids, questions };
    });
  }

  #probes(what: string): ReturnType<typeof probes> {
    return probes(`abilities/${this.#options.seed}/${what}`);
  }

  /** `count` prompts cut before their answer; what cannot be asked of this tokenizer and context is drawn again. */
  #cuts(draw: () => Cut | undefined): AbilityRow[] {
    const { count } = this.#options;
    const rows: AbilityRow[] = [];
    for (let i = 0; i < TRIES * count && rows.length < count; i++) {
      const cut = draw();
      const row = cut && this.#row(cut);
      if (row) rows.push(row);
    }
    return rows;
  }

  #row({ text, right, rivals, of }: Cut): AbilityRow | undefined {
    const ids = [...this.#bos, ...this.#tokenizer.encode(text)];
    const answer = this.#tokenizer.findToken(right);
    const others = rivals?.map((rival) => this.#tokenizer.findToken(rival));
    if (answer === undefined || others?.includes(undefined) || ids.length > this.#options.n_ctx)
      return undefined;
    const question = { at: ids.length - 1, right: answer, ...(others && { rivals: others as number[] }) };
    return { ids, questions: of.map((key) => ({ of: key, ...question })) };
  }

  get #vocabulary(): readonly number[] {
    return times(this.#tokenizer.vocabSize, (id) => id).filter((id) => !this.#bos.includes(id));
  }
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

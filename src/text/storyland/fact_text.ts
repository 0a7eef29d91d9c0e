import { WorkbenchError } from '#base/errors.ts';
import type { FactText } from '#base/fact_text.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { BASE_MIX, type Mix, storyland } from './storyland.ts';
import { factsOf } from './truth.ts';

/** Every kind of document, echo too: what truth tables are measured on. */
export const TRUTH_MIX: Mix = { ...BASE_MIX, echo: 10 };

export interface FactTextOptions {
  readonly seed: string;
  readonly tokenizer: Tokenizer;
  /** Length of a row, BOS counted. */
  readonly ctx: number;
  /** Tokens of all rows together, at least; a row more at most. */
  readonly tokens: number;
  /** Positions that do not count; BOS never does. */
  readonly excludedPositions?: readonly number[] | undefined;
  readonly mix?: Mix | undefined;
}

/**
 * Fresh Storyland text as rows, each beginning with a document (BOS before each), with the facts of every token. A
 * document that a row cuts ends there.
 *
 * @throws WorkbenchError('format') for a tokenizer without BOS or one that does not keep the text.
 */
export function factText(options: FactTextOptions): FactText {
  const { seed, tokenizer, ctx, mix = TRUTH_MIX } = options;
  const land = storyland(seed, mix);
  const excluded = new Set(options.excludedPositions);
  const lists = new FactLists();
  const windows: Uint32Array[] = [];
  for (let document = 0; windows.length * ctx < options.tokens; ) {
    const row = new Uint32Array(ctx);
    for (let at = 0; at < ctx; document++) {
      row[at++] = bosOf(tokenizer);
      const doc = land.document();
      const ids = tokenizer.encode(doc.text);
      const facts = factsOf(doc, byteLengths(tokenizer, ids, doc.text));
      for (let i = 0; i < ids.length && at < ctx; i++, at++) {
        row[at] = ids[i] as number;
        if (!excluded.has(at)) lists.add(windows.length * ctx + at, document, facts[i] ?? []);
      }
    }
    windows.push(row);
  }
  return { windows, ...lists.done() };
}

/** Tokens with their facts, facts numbered as they come. */
class FactLists {
  readonly #numbers = new Map<string, number>();
  readonly #tokens: number[] = [];
  readonly #document: number[] = [];
  readonly #start: number[] = [0];
  readonly #facts: number[] = [];

  add(token: number, document: number, facts: readonly string[]): void {
    this.#tokens.push(token);
    this.#document.push(document);
    for (const fact of new Set(facts)) {
      const number = this.#numbers.get(fact) ?? this.#numbers.size;
      this.#numbers.set(fact, number);
      this.#facts.push(number);
    }
    this.#start.push(this.#facts.length);
  }

  done(): Omit<FactText, 'windows'> {
    return {
      tokens: Uint32Array.from(this.#tokens),
      document: Uint32Array.from(this.#document),
      factStart: Uint32Array.from(this.#start),
      facts: Uint32Array.from(this.#facts),
      names: [...this.#numbers.keys()],
    };
  }
}

function bosOf({ bosId }: Tokenizer): number {
  if (bosId !== undefined) return bosId;
  throw new WorkbenchError(
    'format',
    'The tokenizer has no BOS, which stands before every Storyland document.',
    {
      hint: 'Use a model that was trained on Storyland with its own tokenizer.',
    },
  );
}

/** UTF-8 bytes of each token; a byte that is no whole character shows as ⟨e2⟩. */
function byteLengths(tokenizer: Tokenizer, ids: readonly number[], text: string): number[] {
  const encoder = new TextEncoder();
  const lengths = ids.map((id) => {
    return encoder.encode(tokenizer.piece(id).replace(/⟨[0-9a-f]{2}⟩/g, '.')).length;
  });
  const all = encoder.encode(text).length;
  const sum = lengths.reduce((a, b) => a + b, 0);
  if (sum === all) return lengths;
  throw new WorkbenchError(
    'format',
    `The tokens of a Storyland document have ${sum} bytes, its text ${all}.`,
    {
      hint: 'Use a byte-level tokenizer that keeps the text as it is.',
    },
  );
}

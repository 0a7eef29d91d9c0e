import { makeRng, type Rng } from '#base/rng.ts';
import { echo } from './kinds/echo.ts';
import { WRITERS } from './kinds/index.ts';
import { ANSWER_MARK, drawScene, type StorylandDocument } from './scene.ts';

/** Every kind of document, `echo` (copied random words) last. */
export const KINDS: readonly string[] = [...Object.keys(WRITERS), 'echo'];

/** Share of documents with made-up names and nouns: they train the fallback pieces of the tokenizer. */
export const INVENTED_SHARE = 0.03;

/** How often each kind comes, relative to the others; a kind that is not named keeps its own weight. */
export type Mix = Readonly<Record<string, number>>;

/** The mix of the shipped sample: every kind of text, no random copies. */
export const BASE_MIX: Mix = {
  ...Object.fromEntries(Object.entries(WRITERS).map(([kind, w]) => [kind, w.weight])),
  echo: 0,
};

/** An unlimited stream of documents. */
export interface Storyland {
  /** The next document; of this kind, or of a kind drawn from the mix. `words` is the length of an echo. */
  document(kind?: string, words?: number): StorylandDocument;
}

/** The text generator: equal seeds and equal calls give equal documents on every machine. */
export function storyland(seed: string | number, mix: Mix = BASE_MIX): Storyland {
  const rng = makeRng(`storyland/${seed}`);
  return {
    document(kind = drawKind(rng, mix), words = 8 + rng.int(40)) {
      const scene = drawScene(rng, INVENTED_SHARE);
      if (kind === 'echo') return echo(scene, words);
      const writer = WRITERS[kind];
      if (!writer) throw new Error(`storyland: there is no kind ${kind}`);
      return unmark(kind, writer.write(scene));
    },
  };
}

function unmark(kind: string, marked: string): StorylandDocument {
  const parts = marked.split(ANSWER_MARK);
  let at = 0;
  const answers = parts.slice(0, -1).map((part) => (at += part.length));
  return { kind, text: parts.join(''), ...(answers.length > 0 && { answers }) };
}

function drawKind(rng: Rng, mix: Mix): string {
  let total = 0;
  for (const weight of Object.values(mix)) total += weight;
  let at = rng.uniform() * total;
  for (const [kind, weight] of Object.entries(mix)) {
    at -= weight;
    if (at < 0) return kind;
  }
  return Object.keys(mix)[0] as string;
}

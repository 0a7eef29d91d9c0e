import { makeRng } from '#base/rng.ts';
import { Draws } from './draws.ts';
import { echo } from './kinds/echo.ts';
import { WRITERS } from './kinds/index.ts';
import { readMarks } from './marks.ts';
import { drawScene, type StorylandDocument } from './scene.ts';

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
  const kinds = Object.keys(mix);
  const weights = Object.values(mix);
  return {
    document(wanted, wantedWords) {
      const draws = new Draws(rng);
      const kind = wanted ?? (kinds[draws.weighted(weights)] as string);
      const scene = drawScene(draws, INVENTED_SHARE);
      if (kind === 'echo') return echo(scene, wantedWords ?? 8 + draws.int(40));
      const writer = WRITERS[kind];
      if (!writer) throw new Error(`storyland: there is no kind ${kind}`);
      const { text, spans, answers } = readMarks(writer.write(scene));
      const { entropy } = draws;
      return { kind, text, topic: scene.topic.id, spans, entropy, ...(answers.length > 0 && { answers }) };
    },
  };
}

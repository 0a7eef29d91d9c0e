import type { Read, Sighting } from './sightings.ts';

/** What a stop promises of one firing; the share of a feature's firings that keep it is its purity. */
export interface Promised {
  readonly stop: string;
  readonly what: string;
  readonly holds: (s: Sighting) => boolean;
}

const isWord = (piece: string | undefined): boolean => /^ ?[A-Za-z]{3,}$/.test(piece ?? '');
const hasFact = (read: Read, pos: number, fact: string): boolean => read.facts[pos]?.includes(fact) === true;
const bare = (piece: string | undefined): string => (piece ?? '').trim();

/** Position of the latest earlier occurrence of the token at `pos`; -1 without one. */
export function earlier(read: Read, pos: number): number {
  return read.ids.lastIndexOf(read.ids[pos] as number, pos - 1);
}

/** The attribution stops of the tour as predicates. */
export const PROMISES: readonly Promised[] = [
  {
    stop: 'induction',
    what: 'source is the token after the previous occurrence of this token',
    holds: (s) => {
      const before = s.pos > 1 ? earlier(s.read, s.pos) : -1;
      return before > 0 && s.headSource === before + 1 && s.pos > before + 2 && isWord(s.read.pieces[s.pos]);
    },
  },
  {
    stop: 'previous-token',
    what: 'source is the token just before',
    holds: (s) => s.pos > 1 && s.headSource === s.pos - 1 && s.source === s.pos - 1,
  },
  {
    stop: 'name-moving',
    what: 'the next token is a name, and the source is an earlier mention of it',
    holds: (s) =>
      hasFact(s.read, s.pos + 1, 'slot=name') &&
      isWord(s.read.pieces[s.headSource]) &&
      bare(s.read.pieces[s.headSource]) === bare(s.read.pieces[s.pos + 1]),
  },
  {
    stop: 'quote-closing',
    what: 'fires inside an open quotation, source is the opening quote',
    holds: (s) => isQuote(s.read.pieces[s.headSource]) && hasFact(s.read, s.pos, 'quote=open'),
  },
  {
    stop: 'topic',
    what: 'source is a word more than ten tokens back',
    holds: (s) => s.pos - s.source > 10 && isWord(s.read.pieces[s.source]) && s.sourceShare > 0.15,
  },
];

/** True for a piece that is a quotation mark, with or without its space. */
export const isQuote = (piece: string | undefined): boolean => /^ ?["“”][.,]?$/.test(piece ?? '');

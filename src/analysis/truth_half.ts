/**
 * Firings and facts of T tokens as lists (CSR): token t has features[featureStart[t] .. featureStart[t+1]) with act > 0
 * and facts[factStart[t] .. factStart[t+1]) that hold, each at most once. BOS tokens are not among them.
 */
export interface SparseTokens {
  readonly nFeatures: number;
  readonly nFacts: number;
  /** [T + 1] */
  readonly featureStart: Uint32Array;
  readonly features: Uint32Array;
  /** [T + 1] */
  readonly factStart: Uint32Array;
  readonly facts: Uint32Array;
  /** [T] number of the document that the token is in. */
  readonly document: Uint32Array;
}

/** Lists by row. */
interface Lists {
  readonly start: Uint32Array;
  readonly items: Uint32Array;
}

/** One half of the tokens, by feature and by fact. */
export class Half {
  readonly nTokens: number;
  readonly #factsOf: Lists;
  readonly #byFeature: Lists;
  readonly #byFact: Lists;
  readonly #bits = new Map<number, Uint32Array>();
  readonly #counts: Uint32Array;

  /** `tokens` are the numbers of the tokens of this half, in order. */
  constructor(all: SparseTokens, tokens: readonly number[]) {
    this.nTokens = tokens.length;
    this.#factsOf = pickRows({ start: all.factStart, items: all.facts }, tokens);
    const features = pickRows({ start: all.featureStart, items: all.features }, tokens);
    this.#byFeature = transpose(features, all.nFeatures);
    this.#byFact = transpose(this.#factsOf, all.nFacts);
    this.#counts = new Uint32Array(all.nFacts);
  }

  /** Tokens on which the feature fires. */
  fired(feature: number): number {
    return lengthOf(this.#byFeature, feature);
  }

  /** Tokens on which all of the facts hold. */
  holds(facts: readonly number[]): number {
    if (facts.length === 1) return lengthOf(this.#byFact, facts[0] as number);
    return countCommon(facts.map((f) => this.#bitsOf(f)));
  }

  /** Calls `see` once for each fact that holds somewhere where the feature fires, with the count of such tokens. */
  eachFact(feature: number, see: (fact: number, hits: number) => void): void {
    const seen: number[] = [];
    for (const token of row(this.#byFeature, feature))
      for (const fact of row(this.#factsOf, token)) {
        if (this.#counts[fact] === 0) seen.push(fact);
        this.#counts[fact] = (this.#counts[fact] as number) + 1;
      }
    seen.sort((a, b) => a - b);
    for (const fact of seen) {
      see(fact, this.#counts[fact] as number);
      this.#counts[fact] = 0;
    }
  }

  /** Counts tokens where the feature fires and all of the given facts hold. */
  hitsOf(feature: number): (facts: readonly number[]) => number {
    const fires = toBits(row(this.#byFeature, feature), this.nTokens);
    return (facts) => countCommon([fires, ...facts.map((f) => this.#bitsOf(f))]);
  }

  #bitsOf(fact: number): Uint32Array {
    const known = this.#bits.get(fact);
    if (known) return known;
    const bits = toBits(row(this.#byFact, fact), this.nTokens);
    this.#bits.set(fact, bits);
    return bits;
  }
}

const row = ({ start, items }: Lists, r: number): Uint32Array =>
  items.subarray(start[r] as number, start[r + 1] as number);
const lengthOf = ({ start }: Lists, r: number): number => (start[r + 1] as number) - (start[r] as number);

function pickRows(all: Lists, rows: readonly number[]): Lists {
  const start = new Uint32Array(rows.length + 1);
  for (const [i, r] of rows.entries()) start[i + 1] = (start[i] as number) + lengthOf(all, r);
  const items = new Uint32Array(start[rows.length] as number);
  for (const [i, r] of rows.entries()) items.set(row(all, r), start[i] as number);
  return { start, items };
}

/** For each of `columns` values the rows that list it, in order. */
function transpose({ start, items }: Lists, columns: number): Lists {
  const out = { start: new Uint32Array(columns + 1), items: new Uint32Array(items.length) };
  for (const c of items) out.start[c + 1] = (out.start[c + 1] as number) + 1;
  for (let c = 0; c < columns; c++)
    out.start[c + 1] = (out.start[c + 1] as number) + (out.start[c] as number);
  const next = out.start.slice();
  for (let r = 0; r + 1 < start.length; r++)
    for (const c of row({ start, items }, r)) {
      const at = next[c] as number;
      out.items[at] = r;
      next[c] = at + 1;
    }
  return out;
}

function toBits(tokens: Uint32Array, n: number): Uint32Array {
  const bits = new Uint32Array((n + 31) >>> 5);
  for (const t of tokens) bits[t >>> 5] = (bits[t >>> 5] as number) | (1 << (t & 31));
  return bits;
}

/** Bits that are set in all of the lists. */
function countCommon(lists: readonly Uint32Array[]): number {
  const [first, ...rest] = lists;
  let count = 0;
  for (let w = 0; w < (first?.length ?? 0); w++) {
    let word = first?.[w] as number;
    for (const other of rest) word &= other[w] as number;
    if (word !== 0) count += bitCount(word);
  }
  return count;
}

function bitCount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

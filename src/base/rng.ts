/** A seeded stream of numbers. `fork` gives an independent stream named by its use. */
export interface Rng {
  fork(label: string): Rng;
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Standard normal (Box-Muller; the second value is dropped, so state is four words). */
  normal(): number;
  /** Uniform integer in [0, below), below ≤ 2^32. */
  int(below: number): number;
  /** Four 32-bit words: makeRng(seed, state) goes on from here. */
  readonly state: readonly number[];
}

/** FNV-1a folded into four words (xmur3-like avalanche): equal seeds give equal streams on every machine. */
function wordsOf(seed: string): [number, number, number, number] {
  let h = 2166136261;
  const next = (): number => {
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    h ^= h >>> 16;
    return h >>> 0;
  };
  for (let i = 0; i < seed.length; i++) h = Math.imul(h ^ seed.charCodeAt(i), 16777619);
  return [next(), next(), next(), next() | 1];
}

/** sfc32: 128 bits of state, period about 2^127. */
class Sfc32 implements Rng {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  constructor(seed: string, state?: readonly number[]) {
    this.#seed = seed;
    const words = wordsOf(seed);
    [this.#a, this.#b, this.#c, this.#d] = (state as [number, number, number, number] | undefined) ?? words;
    if (!state) for (let i = 0; i < 12; i++) this.#next();
  }
  #next(): number {
    const t = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }
  fork(label: string): Rng {
    return new Sfc32(`${this.#seed}/${label}`);
  }
  uniform(): number {
    return this.#next() / 4294967296;
  }
  normal(): number {
    const u = Math.max(this.uniform(), 2 ** -33);
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.uniform());
  }
  int(below: number): number {
    return Math.floor(this.uniform() * below);
  }
  get state(): readonly number[] {
    return [this.#a, this.#b, this.#c, this.#d];
  }
}

/** The stream of `seed`; with `state` (of an earlier stream) it goes on from there. No Math.random anywhere. */
export function makeRng(seed: string | number, state?: readonly number[]): Rng {
  return new Sfc32(String(seed), state);
}

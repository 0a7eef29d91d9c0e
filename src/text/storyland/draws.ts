import type { Rng } from '#base/rng.ts';

/** Nats of the draws of one document. */
export interface Entropy {
  /** −Σ ln p over draws that only choose surface words: its mean is H(X | Z), below the loss of any model. */
  readonly surface: number;
  /** −Σ ln p over all draws, hidden ones too: its mean is at least H(X, Z). */
  readonly joint: number;
}

/**
 * The chance of one document, with its price: every draw adds −ln p.
 *
 * Hidden draws fix kind, topic, people, template and structure (Z). Surface draws pick a word of a list of different
 * words for a slot that Z has fixed, so text and Z determine them and their sum is −ln p(x | z).
 */
export class Draws {
  readonly #rng: Rng;
  #hidden = 0;
  #surface = 0;
  #onSurface = false;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Uniform integer in [0, below). */
  int(below: number): number {
    this.#pay(Math.log(below));
    return this.#rng.int(below);
  }

  /** True with probability p. */
  chance(p: number): boolean {
    const yes = this.#rng.uniform() < p;
    if (p > 0 && p < 1) this.#pay(-Math.log(yes ? p : 1 - p));
    return yes;
  }

  /** Index i with probability weights[i] ÷ Σ weights. */
  weighted(weights: readonly number[]): number {
    const total = weights.reduce((a, b) => a + b, 0);
    let at = this.#rng.uniform() * total;
    let i = 0;
    while (i + 1 < weights.length && at >= (weights[i] as number)) at -= weights[i++] as number;
    this.#pay(-Math.log((weights[i] as number) / total));
    return i;
  }

  /** What `draw` draws counts as surface text. */
  surface<T>(draw: () => T): T {
    const before = this.#onSurface;
    this.#onSurface = true;
    try {
      return draw();
    } finally {
      this.#onSurface = before;
    }
  }

  get entropy(): Entropy {
    return { surface: this.#surface, joint: this.#surface + this.#hidden };
  }

  #pay(nats: number): void {
    if (this.#onSurface) this.#surface += nats;
    else this.#hidden += nats;
  }
}

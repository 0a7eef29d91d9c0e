import { type Interval, pairedDifferenceOfSeeds } from '#analysis/bootstrap.ts';
import { isEqualL0 } from '#analysis/standings.ts';
import type { Row } from './rows.ts';

/** A claim of a paper as a difference that these rows can show. */
interface Claim {
  readonly text: string;
  readonly variant: string;
  readonly against: string;
  /** A pooled figure with a bootstrap interval, or a figure of features with the range over seeds. */
  readonly figure: 'deltaCe' | 'explainedVariance' | 'deadFraction' | 'underUsed';
  /** The sign of (variant − against) when the claim holds. */
  readonly sign: 1 | -1;
}

const CLAIMS: readonly Claim[] = [
  {
    text: 'Gradient selection gives better cross-entropy at equal L0 (Gradient SAE, gradient-off, beside TopK)',
    variant: 'gradient_topk',
    against: 'topk',
    figure: 'deltaCe',
    sign: -1,
  },
  {
    text: 'Mutual Choice reconstructs better than TopK',
    variant: 'mutual_choice',
    against: 'topk',
    figure: 'explainedVariance',
    sign: 1,
  },
  {
    text: 'Feature Choice has fewer dead features than TopK',
    variant: 'feature_choice',
    against: 'topk',
    figure: 'deadFraction',
    sign: -1,
  },
  {
    text: 'aux_zipf leaves fewer features under-used than AuxK (both with Mutual Choice)',
    variant: 'mutual_choice',
    against: 'mutual_choice+dead=auxk',
    figure: 'underUsed',
    sign: -1,
  },
  {
    text: 'BatchTopK reconstructs better than TopK',
    variant: 'batch_topk',
    against: 'topk',
    figure: 'explainedVariance',
    sign: 1,
  },
];

/** One line of the table for each claim and k; what was not measured says so. */
export function claimLines(rows: readonly Row[]): string[] {
  const places = [...new Set(rows.map((r) => `${r.layer} ${r.k}`))].map((p) => p.split(' ').map(Number));
  return CLAIMS.flatMap((claim) =>
    places.map(([layer, k]) => {
      const of = (variant: string): Row[] =>
        rows.filter((r) => r.layer === layer && r.k === k && r.variant === variant);
      const [a, b] = commonSeeds(of(claim.variant), of(claim.against));
      return `| ${claim.text} | ${layer} | ${k} | ${verdict(claim, a, b).join(' | ')} |`;
    }),
  );
}

function verdict(claim: Claim, a: readonly Row[], b: readonly Row[]): readonly [string, string] {
  if (a.length === 0 || b.length === 0) return ['–', 'not measured'];
  const [l0a, l0b] = [meanOf(a, (r) => r.metrics['l0']), meanOf(b, (r) => r.metrics['l0'])];
  const shown = difference(claim, a, b);
  const text = `${signed(shown.value)} (${signed(shown.low)} to ${signed(shown.high)})`;
  if (!isEqualL0(l0a, l0b))
    return [text, `no comparison: L0 ${l0a.toFixed(1)} and ${l0b.toFixed(1)} differ by more than 5 %`];
  if (Math.min(a.length, b.length) < 2) return [text, 'undecided: one seed'];
  if (!seedsAgree(claim, a, b)) return [text, 'undecided: seeds disagree'];
  if (shown.low * claim.sign > 0 && shown.high * claim.sign > 0) return [text, 'holds here'];
  if (shown.low * claim.sign < 0 && shown.high * claim.sign < 0) return [text, 'does not hold: the reverse'];
  return [text, 'undecided'];
}

/** The rows of the seeds that both have: rows and first weights differ from seed to seed, often by more than variants do. */
export function commonSeeds(a: readonly Row[], b: readonly Row[]): readonly [readonly Row[], readonly Row[]] {
  const both = (x: readonly Row[], y: readonly Row[]): readonly Row[] =>
    x.filter((r) => y.some((o) => o.seed === r.seed));
  return [both(a, b), both(b, a)];
}

/** True when the difference has one sign, or is 0, with every seed alone. */
function seedsAgree(claim: Claim, a: readonly Row[], b: readonly Row[]): boolean {
  const signs = a.map((r) => {
    const other = b.filter((o) => o.seed === r.seed);
    return Math.sign(difference(claim, [r], other).value);
  });
  return !(signs.includes(1) && signs.includes(-1));
}

function difference(claim: Claim, a: readonly Row[], b: readonly Row[]): Interval {
  const { figure } = claim;
  if (figure === 'deltaCe' || figure === 'explainedVariance')
    return pairedDifferenceOfSeeds(
      a.map((r) => r.batches),
      b.map((r) => r.batches),
      figure,
    );
  // These belong to an SAE, not to batches: the range over pairs of equal seed.
  const figureOf = (r: Row): number =>
    figure === 'underUsed' ? r.underUsed : (r.metrics[figure] ?? Number.NaN);
  const pairs = a.flatMap((r) => {
    const other = b.find((o) => o.seed === r.seed);
    return other ? [figureOf(r) - figureOf(other)] : [];
  });
  const value = pairs.reduce((s, v) => s + v, 0) / pairs.length;
  return { value, low: Math.min(...pairs), high: Math.max(...pairs) };
}

export const meanOf = (rows: readonly Row[], of: (r: Row) => number | undefined): number =>
  rows.reduce((s, r) => s + (of(r) ?? Number.NaN), 0) / rows.length;
const signed = (v: number): string => `${v < 0 ? '−' : '+'}${Math.abs(v).toPrecision(3)}`;

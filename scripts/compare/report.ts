import { pairedDifferenceOfSeeds } from '#analysis/bootstrap.ts';
import { isEqualL0 } from '#analysis/standings.ts';
import { claimLines, commonSeeds, meanOf } from './claims.ts';
import { scatterSvg } from './plots.ts';
import type { Row } from './rows.ts';

/** docs/results.md and its plots, from rows of one setting. */
export function reportOf(rows: readonly Row[]): {
  readonly markdown: string;
  readonly plots: Readonly<Record<string, string>>;
} {
  const layers = [...new Set(rows.map((r) => r.layer))];
  const plots: Record<string, string> = {};
  const sections = layers.flatMap((layer) => {
    const here = rows.filter((r) => r.layer === layer);
    plots[`layer${layer}-ce.svg`] = scatterSvg(here, 'ceRecovered', 'CE recovered');
    plots[`layer${layer}-ev.svg`] = scatterSvg(here, 'explainedVariance', 'explained variance');
    return [...layerSection(layer, here)];
  });
  const markdown = [...head(rows), ...sections, ...claims(rows)].join('\n');
  return { markdown: `${markdown}\n`, plots };
}

function head(rows: readonly Row[]): string[] {
  const { tokens, d_sae, batch, windows, model } = (rows[0] as Row).settings;
  const seeds = new Set(rows.map((r) => r.seed)).size;
  const adapters = [...new Set(rows.map((r) => r.adapter))].join(', ');
  return [
    '# Results: variants side by side',
    '',
    `**Small**: ${tokens.toLocaleString('en')} training tokens, d_sae ${d_sae}, batch ${batch}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, model ${model.slice(0, 12)} (embedded), adapter class ${adapters}. Written by`,
    '`npm run compare` from its rows in `.cache/compare`; do not edit.',
    '',
    'Every variant is trained on the same rows of one cached harvest, by its own defaults but for `deadTokens` (a tenth of the',
    'tokens, for all). Variants without k get λ from up to four pilots on a fifth of the tokens each, so their L0 comes close to k',
    `only. Metrics (definitions: docs/terms.md) are those of inference on ${windows} held-out windows, position 0 left out; no gradient is`,
    'used there. "Beside TopK" is the figure minus that of TopK at equal L0 (within 5 %), mean over the seeds that both have, with the 95 % interval of a',
    'paired bootstrap over evaluation batches (1,000 draws); it says nothing about other seeds, models or longer training.',
    'Steps a second are relative to TopK of the same k, training only, on a machine that was shared.',
    '',
  ];
}

function layerSection(layer: number, rows: readonly Row[]): string[] {
  const ks = [...new Set(rows.map((r) => r.k))].sort((a, b) => a - b);
  return [
    `## Layer ${layer}`,
    '',
    `![CE recovered against L0](results/layer${layer}-ce.svg)`,
    `![Explained variance against L0](results/layer${layer}-ev.svg)`,
    '',
    ...ks.flatMap((k) =>
      table(
        k,
        rows.filter((r) => r.k === k),
      ),
    ),
  ];
}

function table(k: number, rows: readonly Row[]): string[] {
  const groups = [...new Set(rows.map((r) => r.variant))].map((v) => rows.filter((r) => r.variant === v));
  const topk = rows.filter((r) => r.variant === 'topk');
  return [
    `### k = ${k}`,
    '',
    '| variant | seeds | L0 | CE recovered | ΔCE, nats | EV | dead | Gini | ΔCE beside TopK | steps/s ÷ TopK |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...groups.map((group) => line(group, topk)),
    '',
  ];
}

function line(group: readonly Row[], topk: readonly Row[]): string {
  const first = group[0] as Row;
  const mean = (name: string, digits: number): string =>
    meanOf(group, (r) => r.metrics[name]).toFixed(digits);
  const speed = meanOf(group, (r) => r.stepsPerSecond) / meanOf(topk, (r) => r.stepsPerSecond);
  const bad = group.filter((r) => r.end !== 'finished');
  return `| ${[
    `${first.title}${first.ours ? ' (ours)' : ''}${bad.length > 0 ? `, ${bad.length} ${bad[0]?.end}` : ''}`,
    group.length,
    mean('l0', 2),
    mean('ceRecovered', 4),
    mean('deltaCe', 4),
    mean('explainedVariance', 4),
    mean('deadFraction', 3),
    meanOf(group, (r) => r.gini).toFixed(3),
    beside(group, topk),
    topk.length > 0 ? speed.toFixed(2) : '–',
  ].join(' | ')} |`;
}

function beside(group: readonly Row[], topk: readonly Row[]): string {
  if (topk.length === 0 || group[0]?.variant === 'topk') return '–';
  const l0 = (rows: readonly Row[]): number => meanOf(rows, (r) => r.metrics['l0']);
  if (!isEqualL0(l0(group), l0(topk))) return 'L0 differs';
  const batches = (rows: readonly Row[]) => rows.map((r) => r.batches);
  const [own, theirs] = commonSeeds(group, topk);
  if (own.length === 0) return 'no common seed';
  const { value, low, high } = pairedDifferenceOfSeeds(batches(own), batches(theirs), 'deltaCe');
  const signed = (v: number): string => `${v < 0 ? '−' : '+'}${Math.abs(v).toFixed(4)}`;
  return `${signed(value)} (${signed(low)} to ${signed(high)})`;
}

function claims(rows: readonly Row[]): string[] {
  return [
    '## What the papers claim, here',
    '',
    'Differences are (first − second). For ΔCE and explained variance the bracket is the bootstrap interval, for dead and under-used',
    'features (under a tenth of the mean density) the range over seeds. "Holds" means that the whole bracket lies on the claimed side and that at least two seeds agree; only seeds that both have count.',
    '',
    '| claim | layer | k | difference | here |',
    '|---|---|---|---|---|',
    ...claimLines(rows),
  ];
}

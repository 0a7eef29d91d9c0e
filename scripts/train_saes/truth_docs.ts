/** A fact, the layer and the feature that capture it best (-1 where none fires on it), and that feature's F1. */
export type FactLine = readonly [fact: string, layer: number, feature: number, f1: number];

/** A feature with its facts and how well they predict it: F1, precision, recall, baseline. */
export type FeatureLine = readonly [
  layer: number,
  feature: number,
  facts: readonly string[],
  f1: number,
  precision: number,
  recall: number,
  baseline: number,
];

/** scripts/train_saes/truth_summary.json. */
export interface TruthSummary {
  readonly seed: string;
  /** Tokens of the half that chose and of the half that every figure is of. */
  readonly nChosen: number;
  readonly nTokens: number;
  readonly layers: readonly {
    readonly layer: number;
    readonly sae: string;
    readonly features: number;
    /** Features with a fact, and those with F1 above 0.8. */
    readonly named: number;
    readonly above: number;
    readonly medianF1: number;
  }[];
  /** Facts that hold on more than half of the tokens. */
  readonly common: readonly string[];
  /** Number of facts by variable that hold on too few tokens. */
  readonly rare: Readonly<Record<string, number>>;
  readonly facts: readonly FactLine[];
  /** The best features of each layer, conjunctions and all. */
  readonly best: readonly FeatureLine[];
}

/** A feature captures a fact when its F1 is above this. */
export const CAPTURED_F1 = 0.8;

const BEGIN = '<!-- truth:begin -->';
const END = '<!-- truth:end -->';
/** Variables with more values than this get a count and examples. */
const MOST_LISTED = 24;
const EXAMPLES = 8;

/** The page with its section replaced. @throws Error when the page has no markers. */
export function spliceSection(page: string, section: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`truth_docs: the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n${section}${page.slice(to)}`;
}

/** The section between the markers, as Markdown. */
export function truthSection(summary: TruthSummary): string {
  const { nTokens, nChosen, layers, facts, common, rare } = summary;
  const [caught, missed] = [facts.filter(isCaught), facts.filter((f) => !isCaught(f))];
  const rareCount = Object.values(rare).reduce((a, b) => a + b, 0);
  const table = layers.map((l) => `| ${l.layer} | ${l.features} | ${l.named} | ${l.above} | ${l.medianF1} |`);
  return [
    `Facts and features were matched on ${count(nChosen)} tokens of fresh text of every kind; every F1 here is of ${count(nTokens)} other`,
    `tokens (seed \`${summary.seed}\`). \`node scripts/run.mjs truth_table\` makes the figures again.`,
    '',
    '| layer | features | with a fact | F1 above 0.8 | median F1 |',
    '|---|---|---|---|---|',
    ...table,
    '',
    `Of ${count(facts.length)} values of variables, some feature of some layer captures ${count(caught.length)} with F1 above 0.8 and none does ${count(missed.length)}.`,
    `Left out: ${count(rareCount)} values that hold on fewer than 20 tokens of either half${commonWords(common)}.`,
    '',
    '### The best features',
    '',
    'Of each layer the features that a fact, or two together, predict best.',
    '',
    '| feature | tracks | F1 | precision | recall | baseline |',
    '|---|---|---|---|---|---|',
    ...summary.best.map(featureLine),
    '',
    '### Captured (F1 above 0.8)',
    '',
    '| variable | captured | value: layer/feature F1 |',
    '|---|---|---|',
    ...variableLines(facts, isCaught),
    '',
    '### Not captured',
    '',
    'The best feature of each value falls short of 0.8; shown with what it reaches.',
    '',
    '| variable | not captured | value: layer/feature F1 |',
    '|---|---|---|',
    ...variableLines(facts, (f) => !isCaught(f)),
    '',
  ].join('\n');
}

/** What any dense feature captures says nothing about features. */
function commonWords(common: readonly string[]): string {
  if (common.length === 0) return '';
  return `, and what holds on more than half of all tokens: ${common.map(code).join(', ')}`;
}

const isCaught = ([, , , f1]: FactLine): boolean => f1 > CAPTURED_F1;
const count = (n: number): string => n.toLocaleString('en-GB');
const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;

function variableLines(facts: readonly FactLine[], wanted: (f: FactLine) => boolean): string[] {
  const groups = new Map<string, FactLine[]>();
  for (const f of facts) groups.set(variable(f), [...(groups.get(variable(f)) ?? []), f]);
  return [...groups].flatMap(([name, all]) => {
    const some = all.filter(wanted).sort((a, b) => b[3] - a[3] || (a[0] < b[0] ? -1 : 1));
    if (some.length === 0) return [];
    const shown = some.length > MOST_LISTED ? some.slice(0, EXAMPLES) : some;
    const rest = some.length - shown.length;
    const cells = shown.map(valueCell).join(', ') + (rest > 0 ? ` and ${count(rest)} more` : '');
    return [`| ${code(name)} | ${some.length} of ${all.length} | ${cells} |`];
  });
}

const variable = ([fact]: FactLine): string => fact.slice(0, fact.indexOf('='));

function featureLine([layer, feature, facts, ...figures]: FeatureLine): string {
  const cells = figures.map((v) => v.toFixed(2)).join(' | ');
  return `| ${layer}/${feature} | ${facts.map(code).join(' and ')} | ${cells} |`;
}

function valueCell([fact, layer, feature, f1]: FactLine): string {
  const value = code(fact.slice(fact.indexOf('=') + 1));
  return feature < 0 ? `${value} none` : `${value} ${layer}/${feature} ${f1.toFixed(2)}`;
}

import { measureTruth } from '#analysis/truth_measure.ts';
import { readTruthFile, truthFile, truthTable } from '#analysis/truth_table.ts';
import { WorkbenchError } from '#base/errors.ts';
import { factText } from '#text/storyland/fact_text.ts';
import type { LoadedModel } from '../loaded_model.ts';
import type { Progress } from '../protocol/common.ts';
import type { Api, Handlers } from '../protocol.ts';
import { requireFits, type Session } from '../session.ts';

/** Tokens of fresh text when nobody says how many; a software adapter gets what it does in some ten seconds. */
const TOKENS = { gpu: 30_000, software: 6_000 } as const;
const FEWEST_TOKENS = 1_000;
const MOST_TOKENS = 1_000_000;
/** The text and the halves of a table made here; shipped tables have their own. */
const SEED = 'truth/here';
/** Rows of this length at most, as the corpus has them. */
const MAX_WINDOW = 256;

/** What features track: from the stored table, or measured on fresh Storyland text. */
export function truthHandlers(session: Session): Pick<Handlers, 'truth'> {
  return {
    async *truth({ sae, tokens }, signal) {
      const model = await session.model();
      const entry = await session.saes.entry(sae);
      requireFits(entry.info, model);
      const stored = tokens === undefined ? await entry.truth() : undefined;
      if (stored) return truthTable(await readTruthFile(stored, { sae, d_sae: entry.info.d_sae }));
      requireStoryland(model);
      return yield* measure(session, { model, sae, tokens }, signal);
    },
  };
}

function requireStoryland({ info }: LoadedModel): void {
  if (info.language === 'storyland') return;
  throw new WorkbenchError(
    'unsupported-model',
    `The truth lens needs a model of Storyland, the only text whose hidden truth is known; '${info.title.slice(0, 60)}' is not one.`,
    { hint: 'Load the embedded model, or train one on Storyland.' },
  );
}

interface Job {
  readonly model: LoadedModel;
  readonly sae: string;
  readonly tokens: number | undefined;
}

/** Measures on the background lane; a table of the default size is kept with the SAE. */
async function* measure(
  session: Session,
  { model, sae: id, tokens }: Job,
  signal: AbortSignal,
): AsyncGenerator<Progress, Api['truth']['out'], void> {
  const { host } = session;
  const { gpu } = host;
  const loaded = await session.saes.load(id);
  using _model = model.shared.hold();
  using _sae = loaded.shared.hold();
  const { sae, info } = loaded;
  const most = tokensOf(tokens ?? (gpu.caps.fallback ? TOKENS.software : TOKENS.gpu));
  yield { type: 'progress', what: 'fresh text', done: 0, total: most, unit: 'tokens' };
  const ctx = Math.min(model.config.n_ctx, MAX_WINDOW);
  const { tokenizer } = model;
  const excludedPositions = info.excludedPositions;
  const text = factText({ seed: SEED, tokenizer, ctx, tokens: most, excludedPositions });
  const work = measureTruth(gpu, { model: model.lm, sae, text }, { seed: SEED, signal });
  const steps = host.scheduler.background(work, signal);
  for (;;) {
    const step = await steps.next();
    if (!step.done) {
      yield { type: 'progress', what: 'what features track', ...step.value, unit: 'tokens' };
      continue;
    }
    const file = truthFile(step.value, text.names, { sae: id, seed: SEED });
    if (tokens === undefined) await session.saes.addTruth(id, new Blob([JSON.stringify(file)]));
    return truthTable(file);
  }
}

function tokensOf(wanted: number): number {
  if (Number.isInteger(wanted) && wanted >= FEWEST_TOKENS && wanted <= MOST_TOKENS) return wanted;
  throw new WorkbenchError(
    'format',
    `${String(wanted)} is no number of tokens for the truth lens, expected ${FEWEST_TOKENS} to ${MOST_TOKENS}.`,
  );
}

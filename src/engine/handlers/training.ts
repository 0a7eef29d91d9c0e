import { evaluateSae, evaluationBatch } from '#analysis/evaluate.ts';
import { quantile } from '#base/num.ts';
import { VARIANTS } from '#sae/variants/index.ts';
import { spliceAbilities } from '../abilities.ts';
import { answer } from '../answer.ts';
import { openCorpus, windowsFor } from '../corpora.ts';
import { EVALUATION_TOKENS, indexSae } from '../finish_run.ts';
import type { LoadedModel } from '../loaded_model.ts';
import type { ModelRuns } from '../model_runs.ts';
import type { Progress } from '../protocol/common.ts';
import type { RunInfo, TrainJob, VariantInfo } from '../protocol/training.ts';
import type { Handlers } from '../protocol.ts';
import { editedSaes, makeEdits } from '../runner.ts';
import type { Runs } from '../runs.ts';
import type { LoadedSae } from '../sae_library.ts';
import { requireFits, type Session } from '../session.ts';
import { Speeds } from '../speed.ts';
import { planJob } from '../training.ts';

type Names =
  | 'variants'
  | 'planTrain'
  | 'train'
  | 'resumeRun'
  | 'branchRun'
  | 'controlRun'
  | 'pinFeatures'
  | 'runs'
  | 'evaluate'
  | 'buildIndex';

export function trainingHandlers(session: Session, runs: Runs, modelRuns: ModelRuns): Pick<Handlers, Names> {
  const { host } = session;
  const speeds = new Speeds(host);
  return {
    variants: answer<'variants'>(async () => VARIANTS.map(variantInfo)),
    planTrain: answer<'planTrain'>(async (job) => {
      const planned = await planJob(session, job);
      const { fits, refusal, gpuBytes, steps, checkpointBytes } = planned.plan;
      return {
        fits,
        refusal,
        gpuBytes,
        steps,
        checkpointBytes,
        secondsPredicted: predict(await runs.list(), job) ?? (await speeds.predict(planned)),
      };
    }),
    train: (job, signal) => runs.start(job, signal),
    resumeRun: ({ run }, signal) => runs.resume(run, signal),
    branchRun: (wish, signal) => runs.branch(wish, signal),
    controlRun: answer<'controlRun'>(async ({ run, action }) =>
      (await modelRuns.has(run)) ? modelRuns.control(run, action) : runs.control(run, action),
    ),
    pinFeatures: answer<'pinFeatures'>(({ run, ...change }) => runs.pin(run, change)),
    runs: answer<'runs'>(() => runs.list()),
    async *evaluate({ sae, corpus: corpusId, tokens, edits = [], abilities: wanted = false }, signal) {
      const { model, loaded } = await withSae(session, sae);
      const saes = await editedSaes(session, edits);
      using _model = model.shared.hold();
      using _sae = loaded.shared.hold();
      const { gpu } = host;
      const { heldOut } = await openCorpus(host, model, corpusId);
      const most = tokens ?? (gpu.caps.fallback ? EVALUATION_TOKENS.software : EVALUATION_TOKENS.gpu);
      const windows = windowsFor(heldOut, most);
      const batch = evaluationBatch(gpu, heldOut, windows);
      using made = makeEdits({ gpu, model }, edits, saes, { seq: heldOut.seq, batch });
      const { edit } = made;
      const work = evaluateSae(gpu, model.lm, loaded.sae, heldOut, { windows, batch, edit, signal });
      const steps = host.scheduler.background(work, signal);
      const { metrics } = yield* named('evaluation', steps);
      if (wanted === false || wanted === 0) return metrics;
      const count = wanted === true ? undefined : wanted;
      const more = spliceAbilities({ gpu, model, sae: loaded.sae, count, signal });
      return { ...metrics, abilities: yield* named('abilities', host.scheduler.background(more, signal)) };
    },
    async *buildIndex({ sae, tokens }, signal) {
      const { model, loaded } = await withSae(session, sae);
      using _model = model.shared.hold();
      using _sae = loaded.shared.hold();
      const corpus = await openCorpus(host, model);
      const steps = indexSae(session, { gpu: host.gpu, model, sae: loaded.sae, corpus, tokens, signal });
      for (;;) {
        const step = await steps.next();
        if (step.done) return step.value;
        yield { type: 'progress', what: 'feature index', ...step.value };
      }
    },
  };
}

/** The steps of work that counts tokens, as the page hears them. */
async function* named<R>(
  what: string,
  steps: AsyncGenerator<{ readonly done: number; readonly total: number }, R, void>,
): AsyncGenerator<Progress, R, void> {
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
    yield { type: 'progress', what, ...step.value, unit: 'tokens' };
  }
}

async function withSae(
  session: Session,
  id: string,
): Promise<{ readonly model: LoadedModel; readonly loaded: LoadedSae }> {
  const model = await session.model();
  const loaded = await session.saes.load(id);
  requireFits(loaded.info, model);
  return { model, loaded };
}

function variantInfo(v: (typeof VARIANTS)[number]): VariantInfo {
  const { id, title, paper, fields, lossTerms, presets } = v;
  return { id, title, paper, fields, lossTerms, presets };
}

/** Seconds by the speed of the last run of this variant, scaled by d_sae; undefined before the first run. */
function predict(runs: readonly RunInfo[], job: TrainJob): number | undefined {
  const last = runs.find((r) => r.job.variant === job.variant && r.history.length > 2);
  if (!last) return undefined;
  const speeds = last.history.map((p) => p.metrics.tokensPerSecond).filter((v) => v > 0);
  const speed = quantile(
    speeds.sort((a, b) => a - b),
    0.5,
  );
  const seconds = (job.tokens / speed) * (job.d_sae / last.job.d_sae);
  return Number.isFinite(seconds) ? seconds : undefined;
}

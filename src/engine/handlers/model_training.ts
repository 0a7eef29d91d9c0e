import { answer } from '../answer.ts';
import type { Host } from '../host.ts';
import { planModelJob } from '../model_job.ts';
import { MODEL_RECIPE } from '../model_recipe.ts';
import type { ModelRuns } from '../model_runs.ts';
import { ModelSpeeds } from '../model_speed.ts';
import type { Handlers } from '../protocol.ts';

type Names = 'modelRecipe' | 'planModel' | 'trainModel' | 'resumeModel' | 'modelRuns';

/** Requests that train a transformer from scratch. */
export function modelTrainingHandlers(host: Host, runs: ModelRuns): Pick<Handlers, Names> {
  const speeds = new ModelSpeeds(host);
  return {
    modelRecipe: answer<'modelRecipe'>(async () => MODEL_RECIPE),
    planModel: answer<'planModel'>(async (job) => {
      const planned = await planModelJob(host, job);
      return { ...planned.plan, secondsPredicted: await speeds.predict(planned, await runs.list()) };
    }),
    trainModel: (job, signal) => runs.start(job, signal),
    resumeModel: ({ run }, signal) => runs.resume(run, signal),
    modelRuns: answer<'modelRuns'>(() => runs.list()),
  };
}

import type { ModelPlan, ModelRecipe, ModelRunInfo } from '#engine/protocol/model_training.ts';
import type { Api, Call } from '#engine/protocol.ts';
import { call, request } from '../engine.ts';
import { followRun } from './follow_run.ts';
import {
  applyModelEvents,
  endModelRun,
  failModelRun,
  type LiveModelRun,
  modelRunFromInfo,
} from './live_model_run.ts';
import { isActive, withStatus } from './live_run.ts';
import { asWireError, IDLE, type Loadable, latest, valueIn } from './loadable.ts';
import {
  draftOfJob,
  type ModelDraft,
  type ModelDraftJob,
  modelDraftText,
  modelJobOf,
  readModelDraft,
  TRANSFORMER,
} from './model_draft.ts';
import type { AppState, AppStore, Slice } from './store.ts';

/** Training a transformer from scratch: its form, plan and runs. */
export interface ModelTrainingSlice {
  readonly modelRecipe: Loadable<ModelRecipe>;
  /** The form; undefined until recipe and adapter are known. */
  readonly modelDraft: ModelDraft | undefined;
  readonly modelPlan: Loadable<ModelPlan>;
  /** Every transformer's run of this device by id, newest first. */
  readonly modelRuns: ReadonlyMap<string, LiveModelRun>;
  /** Replaces the form. */
  setModelDraft(draft: ModelDraft): void;
  startModelRun(): Promise<void>;
  resumeModelRun(run: string): Promise<void>;
  controlModelRun(run: string, action: Api['controlRun']['in']['action']): Promise<void>;
  refreshModelRuns(): Promise<void>;
}

const asks = { recipe: latest(), plan: latest(), runs: latest() };
type Set = Parameters<Slice<ModelTrainingSlice>>[0];
type Get = Parameters<Slice<ModelTrainingSlice>>[1];

export const createModelTrainingSlice: Slice<ModelTrainingSlice> = (set, get) => ({
  modelRecipe: IDLE,
  modelDraft: undefined,
  modelPlan: IDLE,
  modelRuns: new Map(),
  setModelDraft(modelDraft) {
    set({ modelDraft });
    get().patchView('train', { variant: TRANSFORMER, job: modelDraftText(modelDraft) });
  },
  async startModelRun() {
    const made = modelDraftJob(get());
    if (!made?.ok || get().starting) return;
    set({ starting: true, trainError: undefined });
    void navigator.storage?.persist?.().catch(() => false);
    await follow(set, get, call('trainModel', made.job));
  },
  async resumeModelRun(run) {
    if (get().starting) return;
    set({ starting: true, trainError: undefined });
    await follow(set, get, call('resumeModel', { run }));
  },
  async controlModelRun(run, action) {
    if (action !== 'checkpoint') putRun(set, run, (r) => ({ ...r, wish: action }));
    try {
      await request('controlRun', { run, action });
    } catch (thrown) {
      putRun(set, run, (r) => ({ ...r, wish: undefined }));
      set({ trainError: asWireError(thrown) });
    }
  },
  async refreshModelRuns() {
    await asks.runs.ask('modelRuns', {}, (of) => {
      if (of.status === 'ready') set((s) => ({ modelRuns: merged(s.modelRuns, of.value) }));
      else if (of.status === 'failed') set({ trainError: of.error });
    });
  },
});

/** The job of the form, its errors, or undefined while the form is not there. */
export function modelDraftJob(s: Pick<AppState, 'modelDraft' | 'modelRecipe'>): ModelDraftJob | undefined {
  const recipe = valueIn(s.modelRecipe);
  return s.modelDraft && recipe && modelJobOf(s.modelDraft, recipe);
}

/** A run that is live in this tab keeps its own state. */
function merged(
  known: ReadonlyMap<string, LiveModelRun>,
  stored: readonly ModelRunInfo[],
): ReadonlyMap<string, LiveModelRun> {
  const runs = new Map<string, LiveModelRun>();
  for (const [id, run] of known) if (isActive(run)) runs.set(id, run);
  for (const info of stored) {
    const live = known.get(info.id);
    if (!runs.has(info.id)) runs.set(info.id, live ? { ...live, info } : modelRunFromInfo(info));
  }
  return runs;
}

async function follow(set: Set, get: Get, training: Call<'trainModel'> | Call<'resumeModel'>): Promise<void> {
  let id = '';
  await followRun(training, {
    begin({ run }) {
      id = run.id;
      set((s) => {
        const others = [...s.modelRuns].filter(([known]) => known !== id);
        return { modelRuns: new Map([[id, modelRunFromInfo(run)], ...others]), starting: false };
      });
    },
    begun: () => get().patchView('train', { run: id }),
    apply: (events) => putRun(set, id, (r) => applyModelEvents(r, events, performance.now())),
    end: (summary) => putRun(set, id, (r) => endModelRun(r, summary, performance.now())),
    fail(error) {
      const now = performance.now();
      putRun(set, id, (r) => (error ? failModelRun(r, error, now) : withStatus(r, 'interrupted', now)));
      set({ trainError: error });
    },
  });
  set({ starting: false });
  await Promise.all([get().refreshCatalog(), get().refreshModelRuns()]);
}

function putRun(set: Set, id: string, change: (run: LiveModelRun) => LiveModelRun): void {
  set((s) => {
    const run = s.modelRuns.get(id);
    return run ? { modelRuns: new Map(s.modelRuns).set(id, change(run)) } : {};
  });
}

/** Asks for recipe, runs and plans when the view needs them. */
export function watchModelTraining(store: AppStore): void {
  const now = { fireImmediately: true } as const;
  store.subscribe(
    (s) => s.view.kind === 'train' && s.gpu !== 'starting',
    (shown) => {
      if (!shown) return;
      const { modelRecipe, refreshModelRuns } = store.getState();
      if (modelRecipe.status !== 'ready')
        void asks.recipe.ask('modelRecipe', {}, (r) => store.setState({ modelRecipe: r }));
      void refreshModelRuns();
    },
    now,
  );
  store.subscribe(draftKey, () => ensureDraft(store), now);
  store.subscribe(planKey, () => askPlan(store), now);
}

const isShown = (s: AppState): boolean => s.view.kind === 'train' && s.view.variant === TRANSFORMER;

function draftKey(s: AppState): string {
  const job = s.view.kind === 'train' && isShown(s) ? s.view.job : undefined;
  return `${isShown(s)} ${s.modelRecipe.status} ${s.adapter.status} ${job ?? ''}`;
}

/** Fills the form from the link; without one a software adapter starts with the smallest preset. */
function ensureDraft(store: AppStore): void {
  const s = store.getState();
  const recipe = valueIn(s.modelRecipe);
  if (!isShown(s) || s.view.kind !== 'train' || !recipe) return;
  const { job } = s.view;
  const draft = s.modelDraft;
  if (job !== undefined && (!draft || modelDraftText(draft) !== job))
    store.setState({ modelDraft: readModelDraft(job, recipe) });
  if (job !== undefined || draft) return;
  if (s.gpu !== 'none' && (s.adapter.status === 'idle' || s.adapter.status === 'loading')) return;
  const smallest = recipe.presets.at(-1);
  const isSlow = valueIn(s.adapter)?.fallback === true && smallest !== undefined;
  store.setState({ modelDraft: isSlow ? draftOfJob(smallest.job, recipe) : {} });
}

function planKey(s: AppState): string {
  if (!isShown(s) || s.gpu !== 'ready') return '';
  const made = modelDraftJob(s);
  return made?.ok ? JSON.stringify(made.job) : '';
}

function askPlan(store: AppStore): void {
  const key = planKey(store.getState());
  if (key === '') {
    asks.plan.cancel();
    store.setState({ modelPlan: IDLE });
    return;
  }
  void asks.plan.ask('planModel', JSON.parse(key), (plan) => {
    if (plan.status === 'loading' && store.getState().modelPlan.status === 'ready') return;
    store.setState({ modelPlan: plan });
  });
}

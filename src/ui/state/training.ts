import type { WireError } from '#base/errors.ts';
import type { RunInfo, TrainJob, TrainPlan, VariantInfo } from '#engine/protocol/training.ts';
import type { Api, Call } from '#engine/protocol.ts';
import { call, request } from '../engine.ts';
import { followRun } from './follow_run.ts';
import { applyEvents, endRun, failRun, isActive, type LiveRun, runFromInfo, withStatus } from './live_run.ts';
import { asWireError, IDLE, type Loadable, latest, valueIn } from './loadable.ts';
import { TRANSFORMER } from './model_draft.ts';
import type { AppState, AppStore, Slice } from './store.ts';
import {
  type DraftJob,
  draftText,
  emptyDraft,
  jobOf,
  readDraft,
  sitesOf,
  type TrainDraft,
} from './train_draft.ts';

/** Training runs: variants, plan, live metrics. */
export interface TrainingSlice {
  readonly variants: Loadable<readonly VariantInfo[]>;
  /** The new-run form; undefined until variants and model are there. */
  readonly draft: TrainDraft | undefined;
  /** What the run of the form would cost. */
  readonly plan: Loadable<TrainPlan>;
  /** Every run of this device by id, newest first. */
  readonly runs: ReadonlyMap<string, LiveRun>;
  readonly runsLoad: Loadable<true>;
  /** Why the last run could not be started or the last button failed. */
  readonly trainError: WireError | undefined;
  /** True from the click on Start to the first event. */
  readonly starting: boolean;
  /** Runs drawn beside the shown one. */
  readonly comparedRuns: readonly string[];
  /** GPU bytes that the engine holds, asked for while a run goes. */
  readonly gpuBytes: number | undefined;
  setDraft(patch: Partial<TrainDraft>): void;
  startRun(): Promise<void>;
  resumeStored(run: string): Promise<void>;
  controlRun(run: string, action: Api['controlRun']['in']['action']): Promise<void>;
  refreshRuns(): Promise<void>;
  compareRun(run: string, o: { readonly shown: boolean }): void;
  dismissTrainError(): void;
}

/** The GPU bytes chip is asked for this often. */
const MEMORY_MS = 3000;
const SOFTWARE_TOKENS = 100_000;

const asks = { variants: latest(), plan: latest(), runs: latest() };
type Set = Parameters<Slice<TrainingSlice>>[0];
type Get = Parameters<Slice<TrainingSlice>>[1];

export const createTrainingSlice: Slice<TrainingSlice> = (set, get) => ({
  variants: IDLE,
  draft: undefined,
  plan: IDLE,
  runs: new Map(),
  runsLoad: IDLE,
  trainError: undefined,
  starting: false,
  comparedRuns: [],
  gpuBytes: undefined,
  compareRun(run, { shown }) {
    set((s) => ({ comparedRuns: [...s.comparedRuns.filter((id) => id !== run), ...(shown ? [run] : [])] }));
  },
  dismissTrainError() {
    set({ trainError: undefined });
  },
  setDraft(patch) {
    const { draft } = get();
    if (!draft) return;
    const next = { ...draft, ...patch };
    set({ draft: next });
    get().patchView('train', { variant: next.variant, job: draftText(next) });
  },
  async startRun() {
    const made = draftJob(get());
    if (!made?.ok || get().starting) return;
    set({ starting: true, trainError: undefined });
    // Asked at the first training, when there is something worth keeping (decision 31).
    void navigator.storage?.persist?.().catch(() => false);
    await follow(set, get, call('train', made.job));
  },
  async resumeStored(run) {
    if (get().starting) return;
    set({ starting: true, trainError: undefined });
    await follow(set, get, call('resumeRun', { run }));
  },
  async controlRun(run, action) {
    if (action !== 'checkpoint') putRun(set, run, (r) => ({ ...r, wish: action }));
    try {
      await request('controlRun', { run, action });
    } catch (thrown) {
      putRun(set, run, (r) => ({ ...r, wish: undefined }));
      set({ trainError: asWireError(thrown) });
    }
  },
  async refreshRuns() {
    await asks.runs.ask('runs', {}, (of) => {
      if (of.status === 'ready')
        set((s) => ({ runs: mergeRuns(s.runs, of.value), runsLoad: { status: 'ready', value: true } }));
      else if (get().runsLoad.status !== 'ready')
        set({ runsLoad: of.status === 'failed' ? of : { status: 'loading' } });
    });
  },
});

/** The job of the form, its errors, or undefined while the form is not there. */
export function draftJob(s: Pick<AppState, 'draft' | 'variants' | 'model'>): DraftJob | undefined {
  const variant = valueIn(s.variants)?.find((v) => v.id === s.draft?.variant);
  if (!s.draft || !variant) return undefined;
  return jobOf(s.draft, variant, valueIn(s.model)?.id);
}

/** The runs with the stored records merged in: a run that is live in this tab keeps its own state. */
export function mergeRuns(
  known: ReadonlyMap<string, LiveRun>,
  stored: readonly RunInfo[],
): ReadonlyMap<string, LiveRun> {
  const runs = new Map<string, LiveRun>();
  for (const info of [...stored].sort((a, b) => b.createdAt.localeCompare(a.createdAt))) {
    const live = known.get(info.id);
    runs.set(info.id, live && isActive(live) ? live : live ? { ...live, info } : runFromInfo(info));
  }
  for (const [id, run] of known) if (!runs.has(id) && isActive(run)) runs.set(id, run);
  return runs;
}

/** Follows a training call to its end. */
async function follow(set: Set, get: Get, training: Call<'train'> | Call<'resumeRun'>): Promise<void> {
  let id = '';
  const memory = setInterval(() => void pollMemory(set), MEMORY_MS);
  await followRun(training, {
    begin({ run }) {
      id = run.id;
      begin(set, run);
    },
    begun: () => get().patchView('train', { run: id }),
    apply: (events) => putRun(set, id, (r) => applyEvents(r, events, performance.now())),
    end: (summary) => putRun(set, summary.run, (r) => endRun(r, summary, performance.now())),
    fail(error) {
      const now = performance.now();
      // A cancelled call has no error to show: the run waits for a resume.
      putRun(set, id, (r) => (error ? failRun(r, error, now) : withStatus(r, 'interrupted', now)));
      set({ trainError: error });
    },
  });
  clearInterval(memory);
  set({ starting: false, gpuBytes: undefined });
  await Promise.all([get().refreshCatalog(), get().refreshRuns()]);
}

/** A missing figure is no failure of the run, so it is left out. */
async function pollMemory(set: Set): Promise<void> {
  const bytes = await request('debug', { action: 'memory' }).catch(() => undefined);
  set({ gpuBytes: bytes?.['liveBytes'] });
}

function begin(set: Set, info: RunInfo): void {
  set((s) => {
    const runs = new Map([[info.id, runFromInfo(info)]]);
    for (const [id, run] of s.runs) if (id !== info.id) runs.set(id, run);
    return { runs, starting: false };
  });
}

function putRun(set: Set, id: string, change: (run: LiveRun) => LiveRun): void {
  set((s) => {
    const run = s.runs.get(id);
    return run ? { runs: new Map(s.runs).set(id, change(run)) } : {};
  });
}

/** Asks for variants, runs and plans when the view needs them. */
export function watchTraining(store: AppStore): void {
  const now = { fireImmediately: true } as const;
  store.subscribe(
    (s) => s.view.kind === 'train' && s.gpu !== 'starting',
    (shown) => {
      if (!shown) return;
      const { variants, refreshRuns } = store.getState();
      if (variants.status !== 'ready')
        void asks.variants.ask('variants', {}, (v) => store.setState({ variants: v }));
      void refreshRuns();
    },
    now,
  );
  store.subscribe(draftKey, () => ensureDraft(store), now);
  store.subscribe(planKey, () => askPlan(store), now);
}

function draftKey(s: AppState): string {
  const { variant, job } = s.view.kind === 'train' ? s.view : {};
  return `${s.variants.status} ${valueIn(s.model)?.id ?? ''} ${s.adapter.status} ${variant ?? ''} ${job ?? ''}`;
}

/** Fills the form with defaults, then with what the link says, and moves to a site that the model has. */
function ensureDraft(store: AppStore): void {
  const s = store.getState();
  const variants = valueIn(s.variants);
  const first = variants?.[0];
  const model = valueIn(s.model);
  if (s.view.kind !== 'train' || !variants || !first || !model) return;
  // The link's settings belong to the transformer's form.
  if (s.view.variant === TRANSFORMER) return;
  // The size of the first run depends on the adapter.
  if (!s.draft && s.gpu !== 'none' && (s.adapter.status === 'idle' || s.adapter.status === 'loading')) return;
  const { view } = s;
  const variant = variants.find((v) => v.id === (view.variant ?? s.draft?.variant)) ?? first;
  const sites = sitesOf(model.config.n_layers);
  const base = s.draft ?? firstDraft(s, variant.id, sites.at(-1) ?? '');
  const job = view.job;
  const isNew = job !== undefined && job !== draftText(base);
  const draft = isNew ? readDraft(job, base, variant) : base;
  const site = sites.includes(draft.site) ? draft.site : (sites.at(-1) ?? '');
  const config = draft.variant === variant.id ? draft.config : {};
  store.setState({ draft: { ...draft, variant: variant.id, site, config } });
}

/** A software adapter starts with a run of minutes, not of hours. */
function firstDraft(s: AppState, variant: string, site: string): TrainDraft {
  const draft = emptyDraft(variant, site);
  if (valueIn(s.adapter)?.fallback !== true) return draft;
  return { ...draft, common: { ...draft.common, tokens: String(SOFTWARE_TOKENS) } };
}

function planKey(s: AppState): string {
  if (s.view.kind !== 'train' || s.view.variant === TRANSFORMER || s.gpu !== 'ready') return '';
  const made = draftJob(s);
  return made?.ok ? JSON.stringify(made.job) : '';
}

function askPlan(store: AppStore): void {
  const key = planKey(store.getState());
  if (key === '') {
    asks.plan.cancel();
    store.setState({ plan: IDLE });
    return;
  }
  const job = JSON.parse(key) as TrainJob;
  void asks.plan.ask('planTrain', job, (plan) => {
    if (plan.status === 'loading' && store.getState().plan.status === 'ready') return;
    store.setState({ plan });
  });
}

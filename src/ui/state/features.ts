import type { FeatureDashboard, FeatureTable } from '#engine/protocol/features.ts';
import type { Dfa, PromptReport } from '#engine/protocol/prompts.ts';
import type { Api } from '#engine/protocol.ts';
import { IDLE, LOADING, type Loadable, latest, valueIn } from './loadable.ts';
import { promptInput, promptOf } from './prompt.ts';
import type { AppState, AppStore, Slice } from './store.ts';

/** The direct logit effect of every feature on one token, largest first by `effect`. */
export type Promoted = Api['featuresByToken']['out'];

/** Features and feature views: dashboards by `sae:feature`, the table, direct feature attribution. */
export interface FeaturesSlice {
  /** The most recently shown dashboards, at most DASHBOARDS_KEPT, oldest first. */
  readonly dashboards: ReadonlyMap<string, Loadable<FeatureDashboard>>;
  /** Table of the current SAE. */
  readonly table: Loadable<FeatureTable>;
  /** Ranking by the promoted token of the features view; idle without one. */
  readonly promoted: Loadable<Promoted>;
  /** DFA of the current feature at `destOf(state)`. */
  readonly dfa: Loadable<Dfa>;
  /** The index that is being built for the current SAE because it has none. */
  readonly indexing: Loadable<Api['buildIndex']['out']>;
  /** Counts up when an index was rebuilt or a failure is retried: what is read from it is asked for again. */
  readonly indexEpoch: number;
  buildIndex(): Promise<void>;
  /** Asks for the dashboard again after a failure. */
  retryFeature(): void;
}

/** A dashboard is some 40 kB; 32 of them keep ◀ ▶ and neighbours instant. */
export const DASHBOARDS_KEPT = 32;

const asks = { feature: latest(), table: latest(), promoted: latest(), dfa: latest(), index: latest() };

export const createFeaturesSlice: Slice<FeaturesSlice> = (set, get) => ({
  dashboards: new Map(),
  table: IDLE,
  promoted: IDLE,
  dfa: IDLE,
  indexing: IDLE,
  indexEpoch: 0,
  async buildIndex() {
    const sae = valueIn(get().sae);
    if (!sae) return;
    await asks.index.ask('buildIndex', { sae: sae.id }, (indexing) => {
      if (indexing.status !== 'ready') set({ indexing });
      else set((s) => ({ indexing: IDLE, dashboards: new Map(), indexEpoch: s.indexEpoch + 1 }));
    });
    await get().refreshCatalog();
  },
  retryFeature() {
    set((s) => ({ indexEpoch: s.indexEpoch + 1 }));
  },
});

/** Key of a dashboard in the store. */
export const dashboardKey = (sae: string, feature: number): string => `${sae}:${feature}`;

/** The map with the entry put last and all but the newest `kept` removed; other unfinished entries go too. */
export function keepDashboard(
  map: FeaturesSlice['dashboards'],
  key: string,
  entry: Loadable<FeatureDashboard>,
  kept: number = DASHBOARDS_KEPT,
): Map<string, Loadable<FeatureDashboard>> {
  const entries = [...map].filter(([k, of]) => k !== key && of.status === 'ready');
  return new Map([...entries.slice(Math.max(0, entries.length - kept + 1)), [key, entry]]);
}

/** Act of one feature at each position of a report, 0 where it does not fire. */
export function actsOfFeature(report: PromptReport, feature: number): Float32Array {
  const acts = new Float32Array(report.ids.length);
  for (const { pos, features } of report.tokens) {
    acts[pos] = features.find((f) => f.feature === feature)?.act ?? 0;
  }
  return acts;
}

/** The report of the current prompt on the current SAE; undefined while it is missing or belongs to another text. */
export function currentReport(s: AppState): PromptReport | undefined {
  const report = valueIn(s.report);
  const sae = valueIn(s.sae);
  if (!report || !sae || s.reportOf?.sae !== sae.id || s.reportOf.prompt !== promptOf(s)) return undefined;
  return report;
}

/**
 * Destination of the DFA panel, counted with BOS: the one the link names if the prompt has it, else where the feature
 * fires most, else the last token; undefined without a report.
 */
export function destOf(s: AppState): number | undefined {
  if (s.view.kind !== 'feature') return undefined;
  const report = currentReport(s);
  if (!report || report.ids.length === 0) return undefined;
  const { position, feature } = s.view;
  if (position !== undefined && position < report.ids.length) return position;
  const acts = actsOfFeature(report, feature);
  let best = report.ids.length - 1;
  for (let i = 0; i < acts.length; i++) if ((acts[i] as number) > (acts[best] as number)) best = i;
  return best;
}

/** Asks for dashboards, table and attribution when the view needs them. */
export function watchFeatures(store: AppStore): void {
  const now = { fireImmediately: true } as const;
  store.subscribe(featureKey, () => askFeature(store), now);
  store.subscribe(tableKey, () => askTable(store), now);
  store.subscribe(promotedKey, () => askPromoted(store), now);
  store.subscribe(dfaKey, () => askDfa(store), now);
}

function featureKey(s: AppState): string {
  const sae = valueIn(s.sae);
  return s.view.kind === 'feature' && sae ? `${dashboardKey(sae.id, s.view.feature)} ${s.indexEpoch}` : '';
}

function askFeature(store: AppStore): void {
  const { view, sae, dashboards } = store.getState();
  const id = valueIn(sae)?.id;
  if (view.kind !== 'feature' || id === undefined) return;
  const key = dashboardKey(id, view.feature);
  const known = dashboards.get(key);
  if (known?.status === 'ready') {
    asks.feature.cancel();
    store.setState({ dashboards: keepDashboard(dashboards, key, known) });
    return;
  }
  void asks.feature.ask('feature', { sae: id, feature: view.feature }, (entry) =>
    store.setState((s) => ({ dashboards: keepDashboard(s.dashboards, key, entry) })),
  );
}

function tableKey(s: AppState): string {
  const sae = valueIn(s.sae);
  const shown = s.view.kind === 'features' || s.view.kind === 'prompt';
  return shown && sae ? `${sae.id} ${s.indexEpoch}` : '';
}

function askTable(store: AppStore): void {
  const s = store.getState();
  const sae = valueIn(s.sae);
  if (tableKey(s) === '' || !sae) return;
  store.setState({ table: LOADING });
  void asks.table.ask('featureTable', { sae: sae.id }, (table) => store.setState({ table }));
}

function promotedKey(s: AppState): string {
  const sae = valueIn(s.sae);
  const token = s.view.kind === 'features' ? s.view.promotes : undefined;
  return sae && token ? JSON.stringify([sae.id, token]) : '';
}

function askPromoted(store: AppStore): void {
  const key = promotedKey(store.getState());
  if (key === '') {
    asks.promoted.cancel();
    store.setState({ promoted: IDLE });
    return;
  }
  const [sae, token] = JSON.parse(key) as [string, string];
  void asks.promoted.ask('featuresByToken', { sae, token }, (promoted) => store.setState({ promoted }));
}

function dfaKey(s: AppState): string {
  const dest = destOf(s);
  const sae = valueIn(s.sae);
  if (dest === undefined || !sae || s.view.kind !== 'feature') return '';
  return JSON.stringify([sae.id, s.view.feature, dest, promptOf(s)]);
}

function askDfa(store: AppStore): void {
  const s = store.getState();
  const key = dfaKey(s);
  if (key === '' || s.view.kind !== 'feature') {
    asks.dfa.cancel();
    store.setState({ dfa: IDLE });
    return;
  }
  const [sae, feature, dest, prompt] = JSON.parse(key) as [string, number, number, string];
  const input = promptInput(prompt, valueIn(s.model)?.hasTokenizer ?? true);
  void asks.dfa.ask('attribute', { input, sae, feature, dest }, (dfa) => {
    // While the next destination is computed the panel keeps the last matrix, dimmed by the view.
    if (dfa.status === 'loading' && store.getState().dfa.status === 'ready') return;
    store.setState({ dfa });
  });
}

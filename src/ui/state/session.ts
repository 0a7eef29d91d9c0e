import type { WireError } from '#base/errors.ts';
import type { GpuInfo, Source } from '#engine/protocol/common.ts';
import type { ModelInfo, SaeInfo } from '#engine/protocol/models.ts';
import type { Notice } from '#engine/protocol.ts';
import { IDLE, type Loadable, latest, ready, valueIn } from './loadable.ts';
import type { AppState, AppStore, Slice } from './store.ts';

/** What is loaded, and what there is to load. */
export interface SessionSlice {
  /** 'starting' until the worker has spoken; 'none' means no WebGPU: the page is read-only but alive (decision 13). */
  readonly gpu: 'starting' | 'ready' | 'none' | 'lost';
  readonly gpuError: WireError | undefined;
  readonly adapter: Loadable<GpuInfo>;
  readonly models: Loadable<readonly ModelInfo[]>;
  readonly saes: Loadable<readonly SaeInfo[]>;
  /** The model and the SAE that the current view names (or the default ones). */
  readonly model: Loadable<ModelInfo>;
  readonly sae: Loadable<SaeInfo>;
  /** Id of the SAE that the link names and this device lacks: MissingSae is shown in place of the view. */
  readonly missingSae: string | undefined;
  /** Requests the page and its workers sent, as the engine counts them. */
  readonly network: { readonly gets: number; readonly hosts: readonly string[] };
  readonly opening: Loadable<ModelInfo | SaeInfo>;
  notice(notice: Notice): void;
  refreshCatalog(): Promise<void>;
  openModel(source: Source): Promise<void>;
  openSae(source: Source): Promise<void>;
}

const asks = {
  adapter: latest(),
  models: latest(),
  saes: latest(),
  model: latest(),
  sae: latest(),
  open: latest(),
};

export const createSessionSlice: Slice<SessionSlice> = (set, get) => ({
  gpu: 'starting',
  gpuError: undefined,
  adapter: IDLE,
  models: IDLE,
  saes: IDLE,
  model: IDLE,
  sae: IDLE,
  missingSae: undefined,
  network: { gets: 0, hosts: [] },
  opening: IDLE,
  notice(notice) {
    if (notice.type === 'network') set({ network: { gets: notice.gets, hosts: notice.hosts } });
    if (notice.type === 'device-lost') set({ gpu: 'lost', gpuError: notice.error });
    if (notice.type === 'ready') {
      set({ gpu: notice.gpu ? 'ready' : 'none', gpuError: notice.error });
      if (notice.gpu) void asks.adapter.ask('adapter', {}, (adapter) => set({ adapter }));
      void get().refreshCatalog();
      if (get().report.status === 'failed') get().runPrompt();
    }
    if (notice.type === 'storage-changed') {
      void get().refreshCatalog();
      if (get().view.kind === 'load') void get().refreshStorage();
    }
  },
  async refreshCatalog() {
    await Promise.all([
      asks.models.ask('models', {}, (models) => keepReady(models, get().models, (m) => set({ models: m }))),
      asks.saes.ask('saes', {}, (saes) => keepReady(saes, get().saes, (s) => set({ saes: s }))),
    ]);
  },
  async openModel(source) {
    await asks.open.ask('loadModel', { source }, (opening) => set({ opening }));
    const model = get().opening;
    if (model.status !== 'ready') return;
    await get().refreshCatalog();
    get().go({ kind: 'prompt', model: model.value.id });
  },
  async openSae(source) {
    await asks.open.ask('loadSae', { source }, (opening) => set({ opening }));
    const sae = get().opening as Loadable<SaeInfo>;
    if (sae.status !== 'ready') return;
    await get().refreshCatalog();
    const { view } = get();
    const place = { model: sae.value.model, sae: sae.value.id };
    if (view.source !== undefined && view.sae !== undefined && view.sae !== sae.value.id) {
      return get().setLinkError({
        code: 'share-link',
        message: 'The source of this link holds another SAE than the one the link means.',
        hint: 'The SAE that was fetched is in the Load view; ask the sender for a new link.',
      });
    }
    get().go(view.kind === 'load' ? { kind: 'prompt', ...place } : { ...view, ...place });
  },
});

/** A list that is being refreshed keeps showing its old value. */
function keepReady<T>(next: Loadable<T>, old: Loadable<T>, put: (l: Loadable<T>) => void): void {
  if (next.status === 'loading' && old.status === 'ready') return;
  put(next);
}

/** The SAE that a view means: the one it names, else the first of its model; undefined when there is none. */
export function wantedSae(s: Pick<AppState, 'view' | 'saes'>, model: ModelInfo): string | undefined {
  if (s.view.sae !== undefined) return s.view.sae;
  return valueIn(s.saes)?.find((sae) => belongsTo(sae, model))?.id;
}

/** Whether an SAE is of this model; 'embedded' is an alias of the shipped model's content id. */
export function belongsTo(sae: SaeInfo, model: ModelInfo): boolean {
  return sae.model === model.id || (sae.model === 'embedded' && model.source === 'embedded');
}

/** Loads the model and SAE that the view names whenever that changes; without WebGPU it only looks them up. */
export function watchSession(store: AppStore): void {
  store.subscribe(modelKey, () => loadWantedModel(store), { fireImmediately: true });
  store.subscribe(saeKey, () => loadWantedSae(store), { fireImmediately: true });
}

function modelKey(s: AppState): string {
  return s.models.status === 'ready' ? `${s.gpu === 'none'} ${s.view.model ?? 'embedded'}` : '';
}

function loadWantedModel(store: AppStore): void {
  const s = store.getState();
  const models = valueIn(s.models);
  if (!models) return;
  const id = s.view.model ?? 'embedded';
  const known = models.find((m) => m.id === id || (id === 'embedded' && m.source === 'embedded'));
  if (valueIn(s.model)?.id === known?.id && known !== undefined) return;
  if (s.gpu === 'none' && known) {
    asks.model.cancel();
    store.setState({ model: ready(known) });
    return;
  }
  void asks.model.ask('loadModel', { source: id }, (model) => {
    store.setState({ model });
    // Another model may bring SAEs of its own.
    if (model.status === 'ready') void store.getState().refreshCatalog();
  });
}

function saeKey(s: AppState): string {
  const model = valueIn(s.model);
  if (!model || s.saes.status !== 'ready') return '';
  const id = wantedSae(s, model);
  return `${model.id} ${id ?? ''} ${s.saes.value.some((x) => x.id === id)}`;
}

function loadWantedSae(store: AppStore): void {
  const s = store.getState();
  const model = valueIn(s.model);
  const saes = valueIn(s.saes);
  if (!model || !saes) return;
  const id = wantedSae(s, model);
  const known = saes.find((x) => x.id === id);
  if (id === undefined || !known) {
    asks.sae.cancel();
    store.setState({ sae: IDLE, missingSae: id });
    return;
  }
  store.setState({ missingSae: undefined });
  if (s.gpu === 'none') store.setState({ sae: ready(known) });
  else void asks.sae.ask('loadSae', { source: id }, (sae) => store.setState({ sae }));
}

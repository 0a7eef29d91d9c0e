import type { Edit, EditReport } from '#engine/protocol/prompts.ts';
import { parseEdit, parsePositions } from './edit_text.ts';
import { IDLE, type Loadable, latest } from './loadable.ts';
import { type PromptQuestion, questionOf } from './prompt.ts';
import type { AppState, AppStore, Slice } from './store.ts';

/** The edit of the steer panel: its parameters live in the view (`edit`, `editAt`, `feature`), its answer here. */
export interface SteerSlice {
  /** The newest answer; while a newer one is computed the older stays and `editPending` is true. */
  readonly edited: Loadable<EditReport>;
  readonly editPending: boolean;
  /** The last continuations: asked after a pause, since they cost a forward run a token. */
  readonly continuation: Loadable<{ readonly clean: string; readonly edited: string }>;
}

/** Tokens of the shown continuations, and their seed: both runs draw the same numbers. */
export const CONTINUE_TOKENS = 24;
export const CONTINUE_SEED = 0;
const PAUSE_MS = 250;
const asks = { edit: latest(), continuation: latest() };

export const createSteerSlice: Slice<SteerSlice> = () => ({
  edited: IDLE,
  editPending: false,
  continuation: IDLE,
});

/** The edit that the view describes; undefined while the panel is closed or no feature is chosen. */
export function editOf(s: AppState): Edit | undefined {
  const { view } = s;
  if (view.kind !== 'prompt' || view.panel !== 'edit' || view.feature === undefined) return undefined;
  const edit = parseEdit(view.edit);
  const sae = questionOf(s)?.sae;
  if (!edit || sae === undefined) return undefined;
  const positions = parsePositions(view.editAt);
  return {
    sae,
    feature: view.feature,
    op: edit.op,
    ...(edit.value === undefined ? {} : { value: edit.value }),
    ...(positions === undefined ? {} : { positions }),
    keepError: true,
  };
}

/** Runs the edited prompt whenever the edit or the prompt changes, and the continuations when it rests. */
export function watchSteer(store: AppStore): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  store.subscribe(
    steerKey,
    (key) => {
      clearTimeout(timer);
      asks.continuation.cancel();
      const s = store.getState();
      const question = questionOf(s);
      const edit = editOf(s);
      if (key === '' || !question || !edit) {
        asks.edit.cancel();
        store.setState({ edited: IDLE, editPending: false, continuation: IDLE });
        return;
      }
      runEdit(store, question, edit);
      timer = setTimeout(() => continueText(store, question, edit), PAUSE_MS);
    },
    { fireImmediately: true },
  );
}

function steerKey(s: AppState): string {
  const edit = editOf(s);
  const q = edit && questionOf(s);
  return q ? JSON.stringify([q.model, q.prompt, edit]) : '';
}

function runEdit(store: AppStore, q: PromptQuestion, edit: Edit): void {
  void asks.edit.ask('editPrompt', { input: q.input, sae: edit.sae, edits: [edit] }, (edited) => {
    const isRefresh = edited.status === 'loading' && store.getState().edited.status === 'ready';
    store.setState(isRefresh ? { editPending: true } : { edited, editPending: edited.status === 'loading' });
  });
}

function continueText(store: AppStore, q: PromptQuestion, edit: Edit): void {
  const input = {
    input: q.input,
    sae: edit.sae,
    edits: [edit],
    continueTokens: CONTINUE_TOKENS,
    seed: CONTINUE_SEED,
  };
  void asks.continuation.ask('editPrompt', input, (a) => {
    if (a.status === 'loading' && store.getState().continuation.status === 'ready') return;
    if (a.status !== 'ready') return store.setState({ continuation: a });
    const value = a.value.continuation ?? { clean: '', edited: '' };
    store.setState({ continuation: { status: 'ready', value } });
  });
}

import { afterEach, beforeEach, expect, test } from 'vitest';
import { WorkbenchError } from '#base/errors.ts';
import type { ModelInfo } from '#engine/protocol/models.ts';
import type { Api, ApiName, Call } from '#engine/protocol.ts';
import { connectEngine } from '../engine.ts';
import { missingOf } from './card.ts';
import { type Loadable, latest, ready, valueIn } from './loadable.ts';
import { promptInput, questionOf } from './prompt.ts';
import { startEffects, useApp } from './store.ts';
import { menuView, placeOf } from './view.ts';

interface Asked {
  readonly name: ApiName;
  readonly input: unknown;
  answer: (value: unknown) => void;
  fail: (error: WorkbenchError) => void;
  cancelled: boolean;
}
let asked: Asked[] = [];
const initial = useApp.getState();

beforeEach(() => {
  asked = [];
  connectEngine({
    call<K extends ApiName>(name: K, input: Api[K]['in']): Call<K> {
      const entry: Asked = { name, input, answer: () => {}, fail: () => {}, cancelled: false };
      const promise = new Promise<Api[K]['out']>((resolve, reject) => {
        entry.answer = (v) => resolve(v as Api[K]['out']);
        entry.fail = reject;
      });
      asked.push(entry);
      return {
        result: promise,
        cancel: () => {
          entry.cancelled = true;
        },
        async *[Symbol.asyncIterator]() {},
      };
    },
    restart() {},
    onNotice() {},
  });
});
afterEach(() => useApp.setState(initial, true));

test('asking again cancels the earlier call and drops its answer', async () => {
  const ask = latest();
  const seen: Loadable<unknown>[] = [];
  const first = ask.ask('tokenize', { text: 'a' }, (l) => seen.push(l));
  const second = ask.ask('tokenize', { text: 'b' }, (l) => seen.push(l));
  asked[0]?.answer('old');
  asked[1]?.answer('new');
  await Promise.all([first, second]);
  expect(asked[0]?.cancelled).toBe(true);
  expect(seen).toEqual([{ status: 'loading' }, { status: 'loading' }, { status: 'ready', value: 'new' }]);
});

test('a failure is a state and a cancelled call is not', async () => {
  const ask = latest();
  let last: Loadable<unknown> | undefined;
  const failing = ask.ask('tokenize', { text: 'a' }, (l) => {
    last = l;
  });
  asked[0]?.fail(new WorkbenchError('format', 'bad', { hint: 'do that' }));
  await failing;
  expect(last).toMatchObject({ status: 'failed', error: { code: 'format', hint: 'do that' } });
  const cancelled = ask.ask('tokenize', { text: 'b' }, (l) => {
    last = l;
  });
  asked[1]?.fail(new WorkbenchError('cancelled', 'cancelled'));
  await cancelled;
  expect(last).toEqual({ status: 'loading' });
});

test('patching a view of another kind changes nothing, and undefined takes a field away', () => {
  const s = useApp.getState();
  s.go({ kind: 'prompt', prompt: 'x', position: 3 });
  s.patchView('feature', { feature: 1 });
  expect(useApp.getState().view).toEqual({ kind: 'prompt', prompt: 'x', position: 3 });
  s.patchView('prompt', { position: undefined });
  expect(useApp.getState().view).toEqual({ kind: 'prompt', prompt: 'x' });
});

test('the menu returns to the last view of a kind, on the model and SAE of the current one', () => {
  const s = useApp.getState();
  s.go({ kind: 'prompt', prompt: 'x', sae: 'one' });
  s.go({ kind: 'features', sae: 'two' });
  expect(menuView(useApp.getState(), 'prompt')).toEqual({ kind: 'prompt', prompt: 'x', sae: 'two' });
});

test('a link between views carries model, SAE and embedding, nothing else', () => {
  expect(placeOf({ kind: 'prompt', model: 'm', sae: 's', prompt: 'x', position: 2, embed: 1 })).toEqual({
    model: 'm',
    sae: 's',
    embed: 1,
  });
});

test('a new prompt forgets the chosen token', () => {
  const s = useApp.getState();
  s.go({ kind: 'prompt', prompt: 'x', position: 3, editAt: '3' });
  s.setPrompt('y');
  expect(useApp.getState().view).toEqual({ kind: 'prompt', prompt: 'y' });
  expect(useApp.getState().how).toBe('replace');
});

test('without a tokenizer the numbers of the text are the ids', () => {
  expect(promptInput('1, 2 300', false)).toEqual([1, 2, 300]);
  expect(promptInput('1, 2 300', true)).toBe('1, 2 300');
});

const model: ModelInfo = {
  id: 'm'.repeat(22),
  title: 'm',
  source: 'files',
  bytes: 1,
  config: {
    family: 'gpt2',
    d_model: 8,
    n_layers: 1,
    n_heads: 2,
    n_kv_heads: 2,
    d_head: 4,
    d_mlp: 8,
    d_vocab: 10,
    n_ctx: 8,
    act: 'gelu_new',
    tiedUnembed: true,
  },
  defaultPrependBos: false,
  processing: 'raw',
  hasTokenizer: true,
  loaded: true,
};

test('a model without an SAE is asked about its tokens all the same, once that is known', () => {
  useApp.setState({ view: { kind: 'prompt', prompt: 'x', model: model.id }, model: ready(model) });
  expect(questionOf(useApp.getState())).toBeUndefined();
  useApp.setState({ saes: ready([]) });
  expect(questionOf(useApp.getState())).toMatchObject({ prompt: 'x', sae: undefined });
});

test('no WebGPU: model and SAE are looked up, not loaded', () => {
  startEffects();
  useApp.setState({
    gpu: 'none',
    view: { kind: 'prompt', model: model.id },
    models: ready([model]),
    saes: ready([]),
  });
  expect(valueIn(useApp.getState().model)).toBe(model);
  expect(asked.map((a) => a.name)).not.toContain('loadModel');
});

test('a link to an SAE that this device lacks is told apart from one that is still loading', () => {
  useApp.setState({ view: { kind: 'feature', feature: 1, sae: 's'.repeat(22) }, model: ready(model) });
  expect(missingOf(useApp.getState())).toBeUndefined();
  useApp.setState({ missingSae: 's'.repeat(22) });
  expect(missingOf(useApp.getState())).toBe('sae');
});

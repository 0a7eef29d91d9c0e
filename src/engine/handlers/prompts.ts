import { attribute } from '#analysis/dfa.ts';
import { WorkbenchError } from '#base/errors.ts';
import { makeRng } from '#base/rng.ts';
import { generate } from '#model/generate.ts';
import type { HookName } from '#model/hooks.ts';
import { answer, finish } from '../answer.ts';
import { decodeDense } from '../decode.ts';
import { type Prepared, piecesOf, prepare, requireTokens } from '../inputs.ts';
import { type Predictions, predict, predictBoth } from '../predictions.ts';
import type { ActiveFeature, Edit, Encoded, GenerateResult, PromptReport } from '../protocol/prompts.ts';
import type { Api, Handlers } from '../protocol.ts';
import { recordedReport } from '../recorded.ts';
import { editedSaes, encodeRun, makeEdits, readHook, requireHooks, rowsAt, runPrompt } from '../runner.ts';
import type { SaeTurn, Session, Turn } from '../session.ts';
import { backward, forward } from './passes.ts';

type Names =
  | 'tokenize'
  | 'forward'
  | 'backward'
  | 'generate'
  | 'encode'
  | 'decode'
  | 'inspectPrompt'
  | 'editPrompt'
  | 'pattern'
  | 'attribute';

export function promptHandlers(session: Session): Pick<Handlers, Names> {
  return {
    tokenize: answer<'tokenize'>(async ({ text, bos }) => {
      const model = await session.model();
      const { ids } = prepare(
        { ...model, config: { ...model.config, n_ctx: Number.MAX_SAFE_INTEGER } },
        text,
        { bos },
      );
      return { ids, pieces: piecesOf(model, ids) };
    }),
    forward: answer<'forward'>(async (input, signal) => {
      return forward(session, input, signal);
    }),
    backward: answer<'backward'>(async (input, signal) => {
      return backward(session, input, signal);
    }),
    generate: answer<'generate'>(async (input, signal) => {
      return continueText(session, input, signal);
    }),
    encode: answer<'encode'>(async ({ input, sae, bos }, signal) => {
      using turn = await session.enterWith(sae, signal);
      const { ids } = prepare(turn.model, input, { bos });
      // Awaited here: `using` would pass the turn on before the answer is there.
      return await encodePrompt(turn, ids);
    }),
    decode: answer<'decode'>(async ({ input, sae, bos }, signal) => {
      using turn = await session.enterWith(sae, signal);
      const { ids } = prepare(turn.model, input, { bos });
      requireTokens(ids);
      const run = await runPrompt(turn, ids, { keep: [turn.site], stopAt: turn.site });
      const rows = rowsAt(run, turn.site, turn.sae);
      const recon = await decodeDense(turn.gpu, turn.sae, rows);
      return { recon, x: { shape: rows.shape, data: await turn.gpu.readF32(rows) } };
    }),
    inspectPrompt: answer<'inspectPrompt'>(async ({ input, sae, bos }, signal) => {
      const { base, maybeGpu } = session.host;
      const recorded = maybeGpu ? undefined : await recordedReport(base, { input, sae });
      if (recorded) return recorded;
      const coded = sae === undefined ? undefined : await session.enterWith(sae, signal);
      using turn = coded ?? (await session.enter(signal));
      const started = performance.now();
      const prepared = prepare(turn.model, input, { bos });
      if (prepared.ids.length === 0) return emptyReport();
      const run = await runPrompt(turn, prepared.ids, { keep: coded ? [coded.site] : [] });
      const tokens = coded
        ? await encodeRun(turn.gpu, coded.sae, rowsAt(run, coded.site, coded.sae))
        : prepared.ids.map((_, pos) => ({ pos, features: [] }));
      const predictions = await predict(turn.gpu, turn.model, run, prepared.ids);
      return report(turn, prepared, { tokens, predictions, ms: performance.now() - started });
    }),
    editPrompt: answer<'editPrompt'>(async (input, signal) => {
      return editPrompt(session, input, signal);
    }),
    pattern: answer<'pattern'>(async ({ input, layer, bos }, signal) => {
      using turn = await session.enter(signal);
      const { ids } = prepare(turn.model, input, { bos });
      requireTokens(ids);
      const [hook] = requireHooks(turn.model, [`blocks.${layer}.attn.hook_pattern`]) as [HookName];
      const run = await runPrompt(turn, ids, { keep: [hook], stopAt: hook });
      return await readHook(turn.gpu, run.get(hook));
    }),
    attribute: answer<'attribute'>(async ({ input, sae, feature, dest, bos }, signal) => {
      using turn = await session.enterWith(sae, signal);
      const { ids } = prepare(turn.model, input, { bos });
      requireTokens(ids);
      if (!(dest >= 0 && dest < ids.length))
        throw new WorkbenchError(
          'format',
          `There is no position ${dest}: the prompt has ${ids.length} tokens.`,
        );
      return await attribute(turn.gpu, turn.model.lm, turn.sae, { ids, feature, dest });
    }),
  };
}

async function encodePrompt(turn: SaeTurn, ids: readonly number[]): Promise<Encoded> {
  const pieces = piecesOf(turn.model, ids);
  if (ids.length === 0) return { ids, pieces, tokens: [] };
  const run = await runPrompt(turn, ids, { keep: [turn.site], stopAt: turn.site });
  return { ids, pieces, tokens: await encodeRun(turn.gpu, turn.sae, rowsAt(run, turn.site, turn.sae)) };
}

interface ReportParts {
  readonly tokens: readonly { readonly pos: number; readonly features: readonly ActiveFeature[] }[];
  readonly predictions: Predictions;
  readonly ms: number;
}

function report(
  { model }: Turn,
  { ids, leftOut }: Prepared,
  { tokens, predictions, ms }: ReportParts,
): PromptReport {
  return { ids, pieces: piecesOf(model, ids), tokens, leftOut, ...predictions, ms };
}

function emptyReport(): PromptReport {
  const none = new Float32Array(0);
  return {
    ids: [],
    pieces: [],
    tokens: [],
    leftOut: 0,
    nats: none,
    loss: Number.NaN,
    next: [],
    entropy: none,
    ms: 0,
  };
}

type EditInput = Api['editPrompt']['in'];

async function editPrompt(
  session: Session,
  input: EditInput,
  signal: AbortSignal,
): Promise<Api['editPrompt']['out']> {
  const saes = await editedSaes(session, input.edits);
  using turn = await session.enterWith(input.sae, signal);
  const started = performance.now();
  const prepared = prepare(turn.model, input.input, { bos: input.bos });
  const { ids } = prepared;
  if (ids.length === 0) return { clean: emptyReport(), edited: emptyReport(), kl: new Float32Array(0) };
  const keep = [turn.site];
  using edits = makeEdits(turn, input.edits, saes, { seq: turn.model.config.n_ctx });
  const clean = await runPrompt(turn, ids, { keep });
  const cleanTokens = await encodeRun(turn.gpu, turn.sae, rowsAt(clean, turn.site, turn.sae));
  const edited = await runPrompt(turn, ids, { keep, edit: edits.edit, slot: 'edited' });
  const editedTokens = await encodeRun(turn.gpu, turn.sae, rowsAt(edited, turn.site, turn.sae));
  const both = await predictBoth(turn.gpu, turn.model, { clean, edited }, ids);
  const ms = performance.now() - started;
  const continuation = await continuations(turn, ids, { ...input, edit: edits.edit, signal });
  return {
    clean: report(turn, prepared, { tokens: cleanTokens, predictions: both.clean, ms }),
    edited: report(turn, prepared, { tokens: editedTokens, predictions: both.edited, ms }),
    kl: both.kl,
    ...(continuation && { continuation }),
  };
}

type Continue = Pick<EditInput, 'continueTokens' | 'seed'> & {
  readonly edit: ReturnType<typeof makeEdits>['edit'];
  readonly signal: AbortSignal;
};

/** Two continuations with one seed: what differs comes from the edit. Temperature 0.7 keeps them readable. */
async function continuations(
  turn: Turn,
  ids: readonly number[],
  { continueTokens = 0, seed = 0, edit, signal }: Continue,
): Promise<{ readonly clean: string; readonly edited: string } | undefined> {
  if (continueTokens < 1 || ids.length >= turn.model.config.n_ctx) return undefined;
  const run = async (hooks: typeof edit | undefined): Promise<string> => {
    const options = {
      ids,
      tokens: continueTokens,
      temperature: 0.7,
      rng: makeRng(`generate/${seed}`),
      signal,
    };
    const all = await finish(
      generate(turn.gpu, turn.model.lm, hooks ? { ...options, edit: hooks } : options),
    );
    return turn.model.tokenizer.decode(all.slice(ids.length));
  };
  return { clean: await run(undefined), edited: await run(edit) };
}

async function continueText(
  session: Session,
  input: Api['generate']['in'],
  signal: AbortSignal,
): Promise<GenerateResult> {
  const edited: readonly Edit[] = input.edits ?? [];
  const saes = await editedSaes(session, edited);
  using turn = await session.enter(signal);
  const { model } = turn;
  const { ids } = prepare(model, input.input, { bos: input.bos });
  requireTokens(ids);
  using edits = makeEdits(turn, edited, saes, { seq: model.config.n_ctx });
  const out = await finish(
    generate(turn.gpu, model.lm, {
      ids,
      tokens: input.tokens,
      temperature: input.temperature ?? 0,
      rng: makeRng(`generate/${input.seed ?? 0}`),
      signal,
      ...(edited.length > 0 && { edit: edits.edit }),
    }),
  );
  const bosId = model.tokenizer.bosId ?? model.config.bosId;
  return { ids: out, text: model.tokenizer.decode(out[0] === bosId ? out.slice(1) : out) };
}

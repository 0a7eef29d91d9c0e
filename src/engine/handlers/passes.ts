import { WorkbenchError } from '#base/errors.ts';
import type { GradSeed, Run } from '#model/model.ts';
import { prepare, requireTokens } from '../inputs.ts';
import { meanLoss, readLogits } from '../predictions.ts';
import type { NdArray } from '../protocol/common.ts';
import type { ForwardResult, LossSpec } from '../protocol/prompts.ts';
import type { Api } from '../protocol.ts';
import { editedSaes, makeEdits, readHook, requireHooks, runPrompt } from '../runner.ts';
import type { Session, Turn } from '../session.ts';

/** Target id that stands for "none" in crossEntropy. */
const NO_TARGET = 0xffffffff;

/** One pass with the hooks and logits that were asked for. */
export async function forward(
  session: Session,
  input: Api['forward']['in'],
  signal: AbortSignal,
): Promise<ForwardResult> {
  const edits = input.edits ?? [];
  const saes = await editedSaes(session, edits);
  using turn = await session.enter(signal);
  const { gpu, model } = turn;
  const { ids } = prepare(model, input.input, { bos: input.bos });
  requireTokens(ids);
  const keep = requireHooks(model, input.hooks ?? []);
  using made = makeEdits(turn, edits, saes, { seq: ids.length });
  const run = await runPrompt(turn, ids, { keep, ...(edits.length > 0 && { edit: made.edit }) });
  const hooks: Record<string, NdArray> = {};
  for (const hook of keep) hooks[hook] = await readHook(gpu, run.get(hook));
  const loss = await readLoss(turn, run, ids);
  return { ids, loss, hooks, ...(input.logits && { logits: await allLogits(turn, run) }) };
}

async function readLoss({ gpu, model }: Turn, run: Run, ids: readonly number[]): Promise<number> {
  if (ids.length < 2) return Number.NaN;
  using scope = gpu.scope('loss');
  const targets = scope.upload('targets', [ids.length], 'u32', targetsOf(ids));
  const nats = scope.tensor('nats', [ids.length], 'f32');
  const rec = gpu.record('loss');
  model.lm.crossEntropy(rec, run, targets, nats);
  await rec.submit();
  // The asker of the prompt waits. Row t predicts token t + 1, so the mean leaves the last row out.
  const values = await gpu.readF32(nats);
  return meanLoss(Float32Array.of(0, ...values.subarray(0, -1)));
}

const targetsOf = (ids: readonly number[]): Uint32Array<ArrayBuffer> =>
  Uint32Array.from(ids, (_, i) => ids[i + 1] ?? NO_TARGET);

async function allLogits({ gpu, model }: Turn, run: Run): Promise<NdArray> {
  const { d_vocab } = model.config;
  const data = new Float32Array(run.seq * d_vocab);
  for await (const chunk of readLogits(gpu, model.lm, run)) data.set(chunk.data, chunk.from * d_vocab);
  return { shape: [run.seq, d_vocab], data };
}

/** Gradients at hooks of the mean loss, or of one logit (decision 21). */
export async function backward(
  session: Session,
  input: Api['backward']['in'],
  signal: AbortSignal,
): Promise<Readonly<Record<string, NdArray>>> {
  using turn = await session.enter(signal);
  const { gpu, model } = turn;
  const { ids } = prepare(model, input.input, { bos: input.bos });
  requireTokens(ids);
  const keep = requireHooks(model, input.hooks);
  using scope = gpu.scope('backward');
  const seq = ids.length;
  const targets = scope.upload('targets', [seq], 'u32', targetsOf(ids));
  const weight = 1 / Math.max(1, seq - 1);
  const weights = scope.upload('weights', [seq], 'f32', new Float32Array(seq).fill(weight).fill(0, seq - 1));
  const run = await runPrompt(turn, ids, { keep, grad: true });
  const rec = gpu.record('backward');
  const grads = model.lm.backward(
    rec,
    run,
    seedOf(input.loss, { targets, weights }, ids.length, model.config.d_vocab),
  );
  await rec.submit();
  const out: Record<string, NdArray> = {};
  for (const hook of keep) out[hook] = await readHook(gpu, grads.at(hook));
  return out;
}

type CeSeed = Extract<GradSeed, { kind: 'ce' }>;

function seedOf(loss: LossSpec, ce: Omit<CeSeed, 'kind'>, seq: number, d_vocab: number): GradSeed {
  if (loss === 'ce') return { kind: 'ce', ...ce };
  const { logit, at } = loss;
  if (!Number.isInteger(at) || at < 0 || at >= seq)
    throw new WorkbenchError('format', `There is no position ${at}: the prompt has ${seq} tokens.`);
  if (!Number.isInteger(logit) || logit < 0 || logit >= d_vocab)
    throw new WorkbenchError(
      'format',
      `${logit} is not a token id of this model, expected 0 to ${d_vocab - 1}.`,
    );
  return { kind: 'logit', id: logit, row: at };
}

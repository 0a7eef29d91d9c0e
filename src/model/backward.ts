import { WorkbenchError } from '#base/errors.ts';
import { activateBackward } from '#gpu/ops/activation.ts';
import {
  attnMixBackwardPattern,
  attnMixBackwardValue,
  attnScoresBackwardKey,
  attnScoresBackwardQuery,
  attnSoftmaxBackward,
} from '#gpu/ops/attention.ts';
import { copy, fill } from '#gpu/ops/elementwise.ts';
import { embedPositionsBackward, embedTokensBackward } from '#gpu/ops/embed.ts';
import { matmul } from '#gpu/ops/linear.ts';
import { layerNormBackward, layerNormParamGrads } from '#gpu/ops/norm.ts';
import { reduceColumns } from '#gpu/ops/reduce.ts';
import type { Recorder } from '#gpu/recorder.ts';
import { size, type Tensor, view } from '#gpu/tensor.ts';
import type { ForwardRun } from './forward.ts';
import type { HookName } from './hooks.ts';
import type { GradSeed, Grads } from './model.ts';
import { backwardCrossEntropy, backwardLogit, type UnembedCall } from './unembed.ts';

type F = Tensor<'f32'>;

/**
 * Records the gradients of `seed` at the workspace's kept hooks, and at every parameter when it has `paramGrads`.
 *
 * The gradient at an edited hook is that of what stands in; nothing flows through an edit, which counts as a constant.
 * Without parameters the pass ends at the earliest kept hook.
 * @throws WorkbenchError('internal') when the workspace was made without `grad`, or has gone on to another run.
 */
export function runBackward(rec: Recorder, call: UnembedCall, seed: GradSeed): Grads {
  const { workspace } = call.run;
  if (!workspace.spec.grad) throw new WorkbenchError('internal', 'backward: the workspace has no grad');
  const pass = new BackwardPass(rec, call);
  const waiting = new Set(workspace.kept);
  for (const hook of pass.steps(seed)) {
    waiting.delete(hook);
    if (waiting.size === 0 && !workspace.spec.paramGrads) break;
  }
  return pass;
}

/** The layers from last to first; `steps` yields a hook once its gradient is recorded. */
class BackwardPass implements Grads {
  nats: F | undefined;
  readonly #rec: Recorder;
  readonly #call: UnembedCall;
  readonly #run: ForwardRun;
  readonly #at = new Map<HookName, F>();
  readonly #params = new Map<string, F>();

  constructor(rec: Recorder, call: UnembedCall) {
    this.#rec = rec;
    this.#call = call;
    this.#run = call.run;
  }
  at(hook: HookName): F {
    const grad = this.#survives(hook) ? this.#at.get(hook) : undefined;
    if (grad) return view(grad, { shape: this.#run.act(hook).shape });
    throw new WorkbenchError('internal', `backward: no gradient at ${hook}; name it in WorkspaceSpec.keep`);
  }
  param(name: string): F {
    const grad = this.#params.get(name === 'W_U_T' && !this.#params.has(name) ? 'W_E' : name);
    if (grad) return grad;
    throw new WorkbenchError('internal', `backward: no gradient of ${name}; ask for paramGrads`);
  }

  *steps(seed: GradSeed): Generator<HookName, void, void> {
    const { config } = this.#call.parts;
    const ws = this.#run.workspace;
    const d_resid = ws.rows('d_resid', config.d_model);
    const d_last =
      config.norm.kind === 'none' ? d_resid : this.#rows('ln_final.hook_normalized', 'd_normalized');
    this.#unembed(seed, d_last);
    if (config.norm.kind === 'layer') {
      const d_y = yield* this.#reach('ln_final.hook_normalized', d_last);
      this.#norm('ln_final', d_y, d_resid, false);
    }
    for (let layer = config.n_layers - 1; layer >= 0; layer--) yield* this.#block(layer, d_resid);
    yield* this.#embed(d_resid);
  }

  #unembed(seed: GradSeed, d_last: F): void {
    const { config } = this.#call.parts;
    const d_W_U_T = this.#param(config.tiedUnembed ? 'W_E' : 'W_U_T');
    const grads = { d_last, d_W_U_T, d_b_U: config.unembedBias ? this.#param('b_U') : undefined };
    if (seed.kind === 'ce') this.nats = backwardCrossEntropy(this.#rec, this.#call, seed, grads);
    else backwardLogit(this.#rec, this.#call, seed, grads);
  }

  *#block(layer: number, d_resid: F): Generator<HookName, void, void> {
    const at = `blocks.${layer}` as const;
    yield* this.#reachResid(`${at}.hook_resid_post`, d_resid);
    if (this.#call.parts.config.d_mlp > 0) {
      yield* this.#mlp(layer, d_resid);
      yield* this.#reachResid(`${at}.hook_resid_mid`, d_resid);
    }
    yield* this.#attention(layer, d_resid);
    yield* this.#reachResid(`${at}.hook_resid_pre`, d_resid);
  }

  *#mlp(layer: number, d_resid: F): Generator<HookName, void, void> {
    const { config } = this.#call.parts;
    const at = `blocks.${layer}.mlp` as const;
    const d_out = yield* this.#reachCopy(`blocks.${layer}.hook_mlp_out`, d_resid);
    const post = this.#rows(`${at}.hook_post`, 'd_mlp_post', config.d_mlp);
    this.#linear(`${at}.W_out`, `${at}.b_out`, { x: this.#flat(`${at}.hook_post`), d_y: d_out, d_x: post });
    const d_post = yield* this.#reach(`${at}.hook_post`, post);
    const pre = this.#rows(`${at}.hook_pre`, 'd_mlp_pre', config.d_mlp);
    const x = this.#flat(`${at}.hook_pre`);
    activateBackward(this.#rec, { act: config.mlp.act, x, d_y: d_post, d_x: pre });
    const d_pre = yield* this.#reach(`${at}.hook_pre`, pre);
    yield* this.#intoNorm(`blocks.${layer}.ln2`, d_resid, `blocks.${layer}.hook_resid_mid`, [
      [`${at}.W_in`, `${at}.b_in`, d_pre],
    ]);
  }

  *#attention(layer: number, d_resid: F): Generator<HookName, void, void> {
    const { config } = this.#call.parts;
    const width = config.n_heads * config.d_head;
    const at = `blocks.${layer}.attn` as const;
    const d_out = yield* this.#reachCopy(`blocks.${layer}.hook_attn_out`, d_resid);
    const mixed = this.#rows(`${at}.hook_z`, 'd_z', width);
    this.#linear(`${at}.W_O`, `${at}.b_O`, { x: this.#flat(`${at}.hook_z`), d_y: d_out, d_x: mixed });
    const d_z = this.#heads(yield* this.#reach(`${at}.hook_z`, mixed));
    const act = (name: 'q' | 'k' | 'v' | 'pattern'): F => this.#run.act(`${at}.hook_${name}`);
    const head = (name: 'q' | 'k' | 'v'): F =>
      this.#heads(this.#rows(`${at}.hook_${name}`, `d_${name}`, width));
    const square = (hook: HookName, role: string): F =>
      this.#run.workspace.squares(this.#survives(hook) ? `d:${hook}` : role);
    const rec = this.#rec;
    const v = head('v');
    attnMixBackwardValue(rec, { pattern: act('pattern'), d_z, d_v: v });
    const d_v = yield* this.#reach(`${at}.hook_v`, v);
    const soft = square(`${at}.hook_pattern`, 'd_pattern');
    attnMixBackwardPattern(rec, { v: act('v'), d_z, d_pattern: soft });
    const d_pattern = yield* this.#reach(`${at}.hook_pattern`, soft);
    const raw = square(`${at}.hook_attn_scores`, 'd_scores');
    attnSoftmaxBackward(rec, { pattern: act('pattern'), d_pattern, d_scores: raw });
    const d_scores = yield* this.#reach(`${at}.hook_attn_scores`, raw);
    const scale = config.attnScale[layer] as number;
    const [q, k] = [head('q'), head('k')];
    attnScoresBackwardQuery(rec, { k: act('k'), d_scores, d_q: q, scale });
    attnScoresBackwardKey(rec, { q: act('q'), d_scores, d_k: k, scale });
    const d_q = yield* this.#reach(`${at}.hook_q`, q);
    const d_k = yield* this.#reach(`${at}.hook_k`, k);
    yield* this.#intoNorm(`blocks.${layer}.ln1`, d_resid, `blocks.${layer}.hook_resid_pre`, [
      [`${at}.W_Q`, `${at}.b_Q`, this.#matrix(d_q, width)],
      [`${at}.W_K`, `${at}.b_K`, this.#matrix(d_k, width)],
      [`${at}.W_V`, `${at}.b_V`, this.#matrix(d_v, width)],
    ]);
  }

  *#embed(d_resid: F): Generator<HookName, void, void> {
    const d_embed = yield* this.#reachCopy('hook_embed', d_resid);
    const { tokens, workspace: ws, batch, seq } = this.#run;
    const shape = [batch, seq, this.#call.parts.config.d_model];
    const d_W_E = this.#param('W_E');
    if (d_W_E) {
      const accumulate = this.#call.parts.config.tiedUnembed;
      const links = ws.column('links', 'u32');
      embedTokensBackward(this.#rec, { tokens, d_embed: view(d_embed, { shape }), d_W_E, links, accumulate });
    }
    const d_pos = yield* this.#reachCopy('hook_pos_embed', d_resid);
    const d_W_pos = this.#param('W_pos');
    if (d_W_pos) embedPositionsBackward(this.#rec, { d_embed: view(d_pos, { shape }), d_W_pos });
  }

  /** Back through projections that read one normalised input, and through that norm, onto the residual's gradient. */
  *#intoNorm(
    name: `blocks.${number}.ln${1 | 2}`,
    d_resid: F,
    input: HookName,
    projections: readonly (readonly [W: string, b: string, d_y: F])[],
  ): Generator<HookName, void, void> {
    const hook = `${name}.hook_normalized` as const;
    const normed = this.#call.parts.config.norm.kind === 'layer';
    const x = this.#flat(normed ? hook : input);
    // Without a norm the projections' gradients go straight onto the residual's.
    const d_x = normed ? this.#rows(hook, 'd_normalized') : d_resid;
    projections.forEach(([W, b, d_y], i) => {
      this.#linear(W, b, { x, d_y, d_x, accumulate: i > 0 || !normed });
    });
    if (normed) this.#norm(name, yield* this.#reach(hook, d_x), d_resid, true);
  }
  #norm(name: string, d_y: F, d_x: F, accumulate: boolean): void {
    const record = this.#run.norms.get(name);
    if (!record) throw new WorkbenchError('internal', `backward: the run stopped before ${name}`);
    layerNormBackward(this.#rec, {
      ...record,
      gain: this.#call.parts.weight(`${name}.w`),
      d_y,
      d_x,
      accumulate,
    });
    const d_gain = this.#param(`${name}.w`);
    const d_bias = this.#param(`${name}.b`);
    if (d_gain && d_bias) layerNormParamGrads(this.#rec, { ...record, d_y, d_gain, d_bias });
  }
  /** d_x (+)= d_y·Wᵀ; d_W = xᵀ·d_y; d_b = Σ rows of d_y. */
  #linear(W: string, b: string, t: { x: F; d_y: F; d_x: F; accumulate?: boolean }): void {
    const { accumulate = false } = t;
    matmul(this.#rec, { layout: 'NT', a: t.d_y, b: this.#call.parts.weight(W), out: t.d_x, accumulate });
    const d_W = this.#param(W);
    const d_b = this.#param(b);
    if (d_W) matmul(this.#rec, { layout: 'TN', a: t.x, b: t.d_y, out: d_W });
    if (d_b) reduceColumns(this.#rec, { x: t.d_y, out: d_b });
  }

  /** Notes the gradient at a hook; returns what flows on: zeros behind an edit. */
  *#reach(hook: HookName, d: F): Generator<HookName, F, void> {
    this.#at.set(hook, d);
    yield hook;
    if (!this.#run.edited.has(hook)) return d;
    const ws = this.#run.workspace;
    const isSquare = hook.endsWith('hook_pattern') || hook.endsWith('hook_attn_scores');
    const width = size(d.shape) / (this.#run.batch * this.#run.seq);
    const zeros = isSquare ? ws.squares('zeros') : view(ws.rows(`zeros ${width}`, width), { shape: d.shape });
    fill(this.#rec, { value: 0, out: zeros });
    return zeros;
  }
  /** As `reach`, for a branch that reads the running gradient: a copy is made when it must survive. */
  *#reachCopy(hook: HookName, d_resid: F): Generator<HookName, F, void> {
    const kept = this.#survives(hook) ? this.#rows(hook, '') : undefined;
    if (kept) copy(this.#rec, { x: d_resid, out: kept });
    return yield* this.#reach(hook, kept ?? d_resid);
  }
  /** As `reach`, for the running gradient itself. */
  *#reachResid(hook: HookName, d_resid: F): Generator<HookName, void, void> {
    if (this.#survives(hook)) {
      const kept = this.#rows(hook, '');
      copy(this.#rec, { x: d_resid, out: kept });
      this.#at.set(hook, kept);
    }
    yield hook;
    if (this.#run.edited.has(hook)) fill(this.#rec, { value: 0, out: d_resid });
  }

  /** The gradient buffer of a parameter, or undefined when parameters are not asked for. */
  #param(name: string): F | undefined {
    if (!this.#run.workspace.spec.paramGrads) return undefined;
    const made = this.#params.get(name);
    if (made) return made;
    const grad = this.#run.workspace.fixed(`d:${name}`, this.#call.parts.weight(name).shape, 'f32');
    this.#params.set(name, grad);
    return grad;
  }
  #survives(hook: HookName): boolean {
    return this.#run.workspace.kept.has(hook);
  }
  /** [batch·seq, width], of its own when the gradient at `hook` is kept. */
  #rows(hook: HookName, role: string, width = this.#call.parts.config.d_model): F {
    return this.#run.workspace.rows(this.#survives(hook) ? `d:${hook}` : role, width);
  }
  #matrix(x: F, width: number): F {
    return view(x, { shape: [this.#run.batch * this.#run.seq, width] });
  }
  #flat(hook: HookName): F {
    const act = this.#run.act(hook);
    const n = this.#run.batch * this.#run.seq;
    return this.#matrix(act, size(act.shape) / n);
  }
  #heads(x: F): F {
    const { n_heads, d_head } = this.#call.parts.config;
    return view(x, { shape: [this.#run.batch, this.#run.seq, n_heads, d_head] });
  }
}

import { dims } from '#base/dims.ts';
import { WorkbenchError } from '#base/errors.ts';
import { activate } from '#gpu/ops/activation.ts';
import { attnMix, attnScores, attnSoftmax } from '#gpu/ops/attention.ts';
import { add } from '#gpu/ops/elementwise.ts';
import { embedPositions, embedTokens } from '#gpu/ops/embed.ts';
import { matmul } from '#gpu/ops/linear.ts';
import { layerNorm } from '#gpu/ops/norm.ts';
import type { Recorder } from '#gpu/recorder.ts';
import { size, type Tensor, view } from '#gpu/tensor.ts';
import type { ModelConfig } from './config.ts';
import { type HookName, isHookOf } from './hooks.ts';
import type { Run, RunOptions } from './model.ts';
import type { TransformerWorkspace } from './workspace.ts';

type F = Tensor<'f32'>;

/** What forward and backward need of a model. */
export interface ModelParts {
  readonly config: ModelConfig;
  weight(name: string): F;
}
/** A normalisation's input and row statistics, which its backward pass reads again. */
export interface NormRecord {
  readonly x: F;
  readonly mean: F;
  readonly rstd: F;
}

/** One recorded pass: its activations as later work sees them, that is, after edits. */
export class ForwardRun implements Run {
  readonly workspace: TransformerWorkspace;
  readonly tokens: Tensor<'u32'>;
  readonly batch: number;
  readonly seq: number;
  readonly edited = new Set<HookName>();
  readonly norms = new Map<string, NormRecord>();
  /** What the unembedding reads [batch·seq, d_model]; undefined when `stopAt` ended the run before. */
  last: F | undefined;
  readonly #acts = new Map<HookName, F>();
  readonly #number: number;

  constructor(workspace: TransformerWorkspace, tokens: Tensor<'u32'>) {
    const { batch, seq } = dims('forward', { tokens: [tokens, 'batch seq'] });
    workspace.begin(batch, seq);
    this.workspace = workspace;
    this.tokens = tokens;
    this.batch = batch;
    this.seq = seq;
    this.#number = workspace.run;
  }
  set(hook: HookName, act: F): void {
    this.#acts.set(hook, act);
  }
  /** An activation of this run, kept or not; only while the run is being recorded, or in a `grad` workspace. */
  act(hook: HookName): F {
    const act = this.#acts.get(hook);
    if (!act) throw new WorkbenchError('internal', `run: ${hook} was not computed`);
    return act;
  }
  /** @throws WorkbenchError('internal') when the workspace has gone on to another run. */
  checkCurrent(): void {
    if (this.workspace.run !== this.#number)
      throw new WorkbenchError('internal', 'run: its workspace holds a later run by now');
  }
  get(hook: HookName): F {
    this.checkCurrent();
    if (!this.workspace.survives(hook))
      throw new WorkbenchError('internal', `run: ${hook} was not kept; name it in WorkspaceSpec.keep`);
    return this.act(hook);
  }
}

/** Records the forward pass of `tokens` [batch, seq] up to `stopAt`. */
export function runForward(
  rec: Recorder,
  parts: ModelParts,
  call: {
    readonly workspace: TransformerWorkspace;
    readonly tokens: Tensor<'u32'>;
    readonly options: RunOptions;
  },
): ForwardRun {
  const { stopAt, edit } = call.options;
  for (const hook of [...(edit?.keys() ?? []), ...(stopAt ? [stopAt] : [])])
    if (!isHookOf(parts.config, hook))
      throw new WorkbenchError('internal', `forward: this model has no hook ${hook}`);
  const run = new ForwardRun(call.workspace, call.tokens);
  const pass = new Pass(rec, parts, run, call.options);
  for (const hook of pass.steps()) if (hook === stopAt) break;
  return run;
}

/** The layers in order; `steps` yields each hook's name once its activation is recorded, so a caller may stop there. */
class Pass {
  readonly #rec: Recorder;
  readonly #parts: ModelParts;
  readonly #run: ForwardRun;
  readonly #edit: RunOptions['edit'];
  /** Residual streams take turns between two buffers: a sum never writes to what it reads. */
  #residuals = 0;

  constructor(rec: Recorder, parts: ModelParts, run: ForwardRun, options: RunOptions) {
    this.#rec = rec;
    this.#parts = parts;
    this.#run = run;
    this.#edit = options.edit;
  }

  *steps(): Generator<HookName, void, void> {
    const { config } = this.#parts;
    let resid = yield* this.#embed();
    for (let layer = 0; layer < config.n_layers; layer++) resid = yield* this.#block(layer, resid);
    const ws = this.#run.workspace;
    if (config.norm.kind === 'none') {
      this.#run.last = this.#flat(resid);
      return;
    }
    const y = this.#norm('ln_final', resid, ws.rows('ln_final.hook_normalized', config.d_model));
    this.#run.last = this.#flat(yield* this.#hook('ln_final.hook_normalized', this.#stream(y)));
  }

  *#embed(): Generator<HookName, F, void> {
    const { weight } = this.#bound();
    const token = this.#stream(this.#rows('hook_embed', 'resid_0'));
    embedTokens(this.#rec, { tokens: this.#run.tokens, W_E: weight('W_E'), embed: token });
    const embed = yield* this.#hook('hook_embed', token);
    const position = this.#stream(this.#rows('hook_pos_embed', 'out'));
    embedPositions(this.#rec, { W_pos: weight('W_pos'), pos_embed: position });
    const pos_embed = yield* this.#hook('hook_pos_embed', position);
    this.#residuals = 1;
    return this.#sum('blocks.0.hook_resid_pre', embed, pos_embed);
  }

  *#block(layer: number, input: F): Generator<HookName, F, void> {
    const { config } = this.#parts;
    const at = `blocks.${layer}` as const;
    const resid_pre = yield* this.#hook(`${at}.hook_resid_pre`, input);
    const attn_out = yield* this.#attention(layer, resid_pre);
    if (config.d_mlp === 0) {
      const sum = this.#sum(`${at}.hook_resid_post`, resid_pre, attn_out);
      return yield* this.#hook(`${at}.hook_resid_post`, sum);
    }
    const mid = this.#sum(`${at}.hook_resid_mid`, resid_pre, attn_out);
    const resid_mid = yield* this.#hook(`${at}.hook_resid_mid`, mid);
    const mlp_out = yield* this.#mlp(layer, resid_mid);
    const sum = this.#sum(`${at}.hook_resid_post`, resid_mid, mlp_out);
    return yield* this.#hook(`${at}.hook_resid_post`, sum);
  }

  *#attention(layer: number, resid: F): Generator<HookName, F, void> {
    const { config, weight, ws } = this.#bound();
    const at = `blocks.${layer}.attn` as const;
    const x = yield* this.#normed(`blocks.${layer}.ln1`, resid);
    const project = (part: 'q' | 'k' | 'v'): F => {
      const name = part.toUpperCase();
      const out = this.#rows(`${at}.hook_${part}`, part, config.n_heads * config.d_head);
      const w = { b: weight(`${at}.W_${name}`), bias: weight(`${at}.b_${name}`) };
      matmul(this.#rec, { layout: 'NN', a: this.#flat(x), ...w, out });
      return this.#heads(out);
    };
    const q = yield* this.#hook(`${at}.hook_q`, project('q'));
    const k = yield* this.#hook(`${at}.hook_k`, project('k'));
    const v = yield* this.#hook(`${at}.hook_v`, project('v'));
    const square = (hook: HookName, role: string): F => ws.squares(ws.survives(hook) ? hook : role);
    const raw = square(`${at}.hook_attn_scores`, 'scores');
    attnScores(this.#rec, { q, k, scores: raw, scale: config.attnScale[layer] as number });
    const scores = yield* this.#hook(`${at}.hook_attn_scores`, raw);
    const soft = square(`${at}.hook_pattern`, 'pattern');
    attnSoftmax(this.#rec, { scores, pattern: soft });
    const pattern = yield* this.#hook(`${at}.hook_pattern`, soft);
    const mixed = this.#heads(this.#rows(`${at}.hook_z`, 'z', config.n_heads * config.d_head));
    attnMix(this.#rec, { pattern, v, z: mixed });
    const z = yield* this.#hook(`${at}.hook_z`, mixed);
    const out = this.#rows(`blocks.${layer}.hook_attn_out`, 'out');
    const w = { b: weight(`${at}.W_O`), bias: weight(`${at}.b_O`) };
    matmul(this.#rec, { layout: 'NN', a: this.#flat(z), ...w, out });
    return yield* this.#hook(`blocks.${layer}.hook_attn_out`, this.#stream(out));
  }

  *#mlp(layer: number, resid: F): Generator<HookName, F, void> {
    const { config, weight } = this.#bound();
    const at = `blocks.${layer}.mlp` as const;
    const x = yield* this.#normed(`blocks.${layer}.ln2`, resid);
    const inner = this.#rows(`${at}.hook_pre`, 'mlp_pre', config.d_mlp);
    const w_in = { b: weight(`${at}.W_in`), bias: weight(`${at}.b_in`) };
    matmul(this.#rec, { layout: 'NN', a: this.#flat(x), ...w_in, out: inner });
    const pre = yield* this.#hook(`${at}.hook_pre`, this.#stream(inner));
    const active = this.#rows(`${at}.hook_post`, 'mlp_post', config.d_mlp);
    activate(this.#rec, { act: config.mlp.act, x: this.#flat(pre), y: active });
    const post = yield* this.#hook(`${at}.hook_post`, this.#stream(active));
    const out = this.#rows(`blocks.${layer}.hook_mlp_out`, 'out');
    const w_out = { b: weight(`${at}.W_out`), bias: weight(`${at}.b_out`) };
    matmul(this.#rec, { layout: 'NN', a: this.#flat(post), ...w_out, out });
    return yield* this.#hook(`blocks.${layer}.hook_mlp_out`, this.#stream(out));
  }

  /** Puts an edit's result in the activation's place and tells the driver that the hook is there. */
  *#hook(hook: HookName, act: F): Generator<HookName, F, void> {
    const edit = this.#edit?.get(hook);
    let used = act;
    if (edit) {
      used = edit(this.#rec, act);
      this.#run.edited.add(hook);
      if (used.shape.join() !== act.shape.join())
        throw new WorkbenchError('shape', `edit of ${hook} gave [${used.shape}], expected [${act.shape}]`);
    }
    this.#run.set(hook, used);
    yield hook;
    return used;
  }
  /** LayerNorm under its hook, or the input itself in a model without norms. */
  *#normed(name: `blocks.${number}.ln${1 | 2}`, x: F): Generator<HookName, F, void> {
    if (this.#parts.config.norm.kind === 'none') return x;
    const y = this.#norm(name, x, this.#rows(`${name}.hook_normalized`, 'normalized'));
    return yield* this.#hook(`${name}.hook_normalized`, this.#stream(y));
  }
  #norm(name: string, x: F, y: F): F {
    const { config, weight, ws } = this.#bound();
    const own = ws.spec.grad ? `${name}.` : '';
    const record = { x: this.#flat(x), mean: ws.column(`${own}mean`), rstd: ws.column(`${own}rstd`) };
    layerNorm(this.#rec, {
      ...record,
      gain: weight(`${name}.w`),
      bias: weight(`${name}.b`),
      y,
      eps: config.norm.eps,
    });
    this.#run.norms.set(name, record);
    return y;
  }
  #sum(hook: HookName, a: F, b: F): F {
    const out = this.#stream(this.#rows(hook, `resid_${this.#residuals++ % 2}`));
    add(this.#rec, { a, b, out });
    return out;
  }

  /** [batch·seq, width], under the hook's own name or its role's. */
  #rows(hook: HookName, role: string, width = this.#parts.config.d_model): F {
    const ws = this.#run.workspace;
    return ws.rows(ws.survives(hook) ? hook : role, width);
  }
  #flat(x: F): F {
    const n = this.#run.batch * this.#run.seq;
    return view(x, { shape: [n, size(x.shape) / n] });
  }
  #stream(x: F): F {
    return view(x, { shape: [this.#run.batch, this.#run.seq, x.shape[1] as number] });
  }
  #heads(x: F): F {
    const { n_heads, d_head } = this.#parts.config;
    return view(x, { shape: [this.#run.batch, this.#run.seq, n_heads, d_head] });
  }
  #bound(): { config: ModelConfig; weight: (name: string) => F; ws: TransformerWorkspace } {
    const parts = this.#parts;
    return { config: parts.config, weight: (name) => parts.weight(name), ws: this.#run.workspace };
  }
}

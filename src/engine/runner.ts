import { featureEdit } from '#analysis/feature_edit.ts';
import type { SiteEdit } from '#analysis/splice.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { type Tensor, view } from '#gpu/tensor.ts';
import { type HookName, isHookOf } from '#model/hooks.ts';
import type { HookEdit, Run } from '#model/model.ts';
import { encodeRows } from '#sae/inference.ts';
import type { Sae } from '#sae/sae.ts';
import type { LoadedModel } from './loaded_model.ts';
import type { NdArray } from './protocol/common.ts';
import type { ActiveFeature, Edit } from './protocol/prompts.ts';
import { requireFits, type Session, type Turn } from './session.ts';

export interface RunWish {
  readonly keep: readonly HookName[];
  readonly edit?: ReadonlyMap<HookName, HookEdit> | undefined;
  readonly grad?: boolean | undefined;
  /** Two runs of one request need two sets of buffers. */
  readonly slot?: 'edited' | undefined;
  readonly stopAt?: HookName | undefined;
}

/** One forward pass over a prompt, submitted. Its tensors hold until the next run on the same slot. */
export async function runPrompt({ gpu, model }: Turn, ids: readonly number[], wish: RunWish): Promise<Run> {
  const { lm, workspaces } = model;
  using scope = gpu.scope('prompt');
  const tokens = scope.upload('tokens', [1, ids.length], 'u32', Uint32Array.from(ids));
  const ws = workspaces.get({ seq: ids.length, keep: wish.keep, grad: wish.grad, slot: wish.slot });
  const rec = gpu.record('prompt');
  const run = lm.forward(rec, ws, tokens, {
    ...(wish.edit && { edit: wish.edit }),
    ...(wish.stopAt && { stopAt: wish.stopAt }),
  });
  await rec.submit();
  return run;
}

/** @throws WorkbenchError('format') naming the hook that this model lacks. */
export function requireHooks({ config }: LoadedModel, names: readonly string[]): HookName[] {
  return names.map((name) => {
    if (isHookOf(config, name)) return name;
    throw new WorkbenchError('format', `This model has no hook ${name.slice(0, 80)}.`, {
      hint: 'Hooks have TransformerLens names, for example blocks.0.attn.hook_z.',
    });
  });
}

/** The activation without its batch axis, read back for whoever asked. */
export async function readHook(gpu: Gpu, tensor: Tensor<'f32'>): Promise<NdArray> {
  return { shape: tensor.shape.slice(1), data: await gpu.readF32(tensor) };
}

/** [seq, d_in] window on the activation at the SAE's site. */
export function rowsAt(run: Run, site: HookName, sae: Sae): Tensor<'f32'> {
  return view(run.get(site), { shape: [run.seq, sae.d_in] });
}

/** Acts > 0 of each position, largest first. */
export async function encodeRun(
  gpu: Gpu,
  sae: Sae,
  rows: Tensor<'f32'>,
): Promise<{ readonly pos: number; readonly features: readonly ActiveFeature[] }[]> {
  const { rowStart, idx, val } = await encodeRows(gpu, sae, rows);
  return Array.from({ length: rowStart.length - 1 }, (_, pos) => {
    const features: ActiveFeature[] = [];
    for (let i = rowStart[pos] as number; i < (rowStart[pos + 1] as number); i++)
      if ((val[i] as number) > 0) features.push({ feature: idx[i] as number, act: val[i] as number });
    return { pos, features: features.sort((a, b) => b.act - a.act || a.feature - b.feature) };
  });
}

/** Edits of a request as hooks of a run; dispose when the run is over. */
export interface HookEdits extends Disposable {
  readonly edit: ReadonlyMap<HookName, HookEdit>;
}

function checkEdit(edit: Edit, sae: Sae): void {
  const needsValue = edit.op !== 'ablate';
  const bad =
    !Number.isInteger(edit.feature) || edit.feature < 0 || edit.feature >= sae.d_sae
      ? `feature ${edit.feature} is not in 0 to ${sae.d_sae - 1}`
      : needsValue && !Number.isFinite(edit.value)
        ? `${edit.op} needs a finite value`
        : undefined;
  if (bad) throw new WorkbenchError('format', `The edit cannot be applied: ${bad}.`);
}

/** Loads the SAEs that the edits name, before the turn is taken. */
export async function editedSaes(
  session: Session,
  edits: readonly Edit[],
): Promise<ReadonlyMap<string, Sae>> {
  const model = await session.model();
  const saes = new Map<string, Sae>();
  for (const { sae } of edits) {
    if (saes.has(sae)) continue;
    const loaded = await session.saes.load(sae);
    requireFits(loaded.info, model);
    saes.set(sae, loaded.sae);
  }
  for (const edit of edits) checkEdit(edit, saes.get(edit.sae) as Sae);
  return saes;
}

/** Makes the hooks; SAEs at one site act one after the other. `seq` is the longest row that will run. */
export function makeEdits(
  { gpu, model }: Pick<Turn, 'gpu' | 'model'>,
  edits: readonly Edit[],
  saes: ReadonlyMap<string, Sae>,
  { seq, batch = 1 }: { readonly seq: number; readonly batch?: number },
): HookEdits {
  const made: SiteEdit[] = [];
  const edit = new Map<HookName, HookEdit>();
  for (const [id, sae] of saes) {
    const own = edits.filter((e) => e.sae === id);
    const site = featureEdit(gpu, sae, own, { batch, seq, n_heads: model.config.n_heads });
    made.push(site);
    const hook = sae.site as HookName;
    const before = edit.get(hook);
    edit.set(hook, before ? (rec, act) => site.edit(rec, before(rec, act)) : site.edit);
  }
  return {
    edit,
    [Symbol.dispose]() {
      for (const site of made) site[Symbol.dispose]();
    },
  };
}

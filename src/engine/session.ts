import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import { isContentId } from '#io/hash.ts';
import { type HookName, isHookOf } from '#model/hooks.ts';
import type { Sae } from '#sae/sae.ts';
import { openEmbedded } from './embedded.ts';
import type { Host } from './host.ts';
import { describePack, type LoadedModel, openModel } from './loaded_model.ts';
import { modelSource } from './model_sources.ts';
import { Opening } from './opening.ts';
import type { Progress, Source } from './protocol/common.ts';
import type { ModelInfo, SaeInfo } from './protocol/models.ts';
import { SaeLibrary } from './sae_library.ts';

/** What an interactive request works with while it has the turn. Dispose it to pass the turn on. */
export interface Turn extends Disposable {
  readonly gpu: Gpu;
  readonly model: LoadedModel;
}
export interface SaeTurn extends Turn {
  readonly sae: Sae;
  readonly info: SaeInfo;
  readonly site: HookName;
}

/** What is loaded now: one model and the SAEs in use. */
export class Session {
  readonly host: Host;
  readonly saes: SaeLibrary;
  #model: LoadedModel | undefined;
  #opening: Opening | undefined;
  #shipped: ModelInfo | undefined;

  constructor(host: Host) {
    this.host = host;
    this.saes = new SaeLibrary(host, () => this.#model);
  }

  get current(): LoadedModel | undefined {
    return this.#model;
  }

  /** The shipped model, loaded or not; undefined when the site was deployed without it. */
  async shipped(): Promise<ModelInfo | undefined> {
    if (!this.#model) await this.model().catch(() => undefined);
    this.#shipped ??= await openEmbedded(this.host)
      .then(describePack)
      .catch(() => undefined);
    return this.#shipped && { ...this.#shipped, loaded: this.#model?.pack !== undefined };
  }

  /** The loaded model; the embedded one when nothing was loaded yet. */
  async model(): Promise<LoadedModel> {
    if (this.#opening) return this.#opening.done;
    if (this.#model) return this.#model;
    const opening = this.open('embedded');
    let step = await opening.next();
    while (!step.done) step = await opening.next();
    return step.value;
  }

  /** Loads a model in place of the current one; when that fails, the current one stays. */
  async *open(named: Source, signal?: AbortSignal): AsyncGenerator<Progress, LoadedModel, void> {
    const source = (await this.#isShippedId(named)) ? 'embedded' : named;
    if (source === 'embedded' && this.#opening) return yield* this.#opening.follow();
    if (source === 'embedded' && this.#model?.pack) return this.#model;
    const opening = new Opening();
    // While a first model loads, others wait for it; while a second one loads, they use the first.
    if (!this.#model) this.#opening = opening;
    try {
      const made = yield* this.#openWith(opening, source, signal);
      this.#model?.shared.retire();
      this.#model = made;
      if (made.pack) this.#shipped = made.info;
      opening.resolve(made);
      return made;
    } catch (error) {
      opening.reject(error);
      throw error;
    } finally {
      if (this.#opening === opening) this.#opening = undefined;
      // A generator that was left early has not settled it.
      opening.reject(new WorkbenchError('cancelled', 'Loading the model was cancelled.'));
    }
  }

  /** Links and run records name the shipped model by its content id. */
  async #isShippedId(source: Source): Promise<boolean> {
    if (typeof source !== 'string' || source === 'embedded' || !isContentId(source)) return false;
    return (await this.shipped())?.id === source;
  }

  async *#openWith(
    opening: Opening,
    source: Source,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Progress, LoadedModel, void> {
    const steps = openModel(this.host, await modelSource(this.host, source, signal), signal);
    for (;;) {
      const step = await steps.next();
      if (step.done) return step.value;
      opening.tell(step.value);
      yield step.value;
    }
  }

  /** Waits for the model and for the turn. */
  async enter(signal: AbortSignal): Promise<Turn> {
    const model = await this.model();
    const { gpu } = this.host;
    const held = model.shared.hold();
    try {
      const turn = await this.host.scheduler.enter('interactive', signal);
      return { gpu, model, [Symbol.dispose]: () => free(turn, held) };
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  /** Waits for the model, an SAE of it and the turn. */
  async enterWith(saeId: string, signal: AbortSignal): Promise<SaeTurn> {
    const model = await this.model();
    const loaded = await this.saes.load(saeId);
    const site = requireFits(loaded.info, model);
    const held = loaded.shared.hold();
    try {
      const turn = await this.enter(signal);
      const { info, sae } = loaded;
      return {
        ...turn,
        info,
        sae,
        site,
        [Symbol.dispose]: () => free(turn, held),
      };
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }
}

function free(...all: readonly Disposable[]): void {
  for (const one of all) one[Symbol.dispose]();
}

/** Values of a token at a hook that an SAE may be trained on. */
export function widthOf(model: LoadedModel, site: string): number | undefined {
  const { config } = model;
  if (!isHookOf(config, site)) return undefined;
  if (site.endsWith('attn.hook_z')) return config.n_heads * config.d_head;
  if (site.endsWith('mlp.hook_post') || site.endsWith('mlp.hook_pre')) return config.d_mlp;
  if (/hook_(resid_(pre|mid|post)|attn_out|mlp_out|embed|normalized)$/.test(site)) return config.d_model;
  return undefined;
}

/**
 * The SAE's site as a hook of this model.
 *
 * @throws WorkbenchError('shape') when the SAE belongs to another model.
 */
export function requireFits(info: SaeInfo, model: LoadedModel): HookName {
  const foreign = isContentId(info.model) && info.model !== 'embedded' && info.model !== model.info.id;
  if (!foreign && widthOf(model, info.site) === info.d_in) return info.site as HookName;
  const why = foreign
    ? 'was trained on another model'
    : `reads ${info.d_in} values at ${info.site || 'an unnamed site'}, which this model does not have`;
  throw new WorkbenchError('shape', `The SAE '${info.title}' ${why}.`, {
    hint: 'Load the model that it was trained on, or choose another SAE.',
  });
}

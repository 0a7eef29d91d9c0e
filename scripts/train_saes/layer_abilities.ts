import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AbilityFigures, abilitiesOf, measureAbilities } from '#analysis/abilities.ts';
import type { Ability, AbilityPrompts } from '#base/ability.ts';
import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import { readSaeLens } from '#sae/formats/saelens.ts';
import type { Sae } from '#sae/sae.ts';
import { saeOnGpu } from '#sae/weights.ts';
import { ABILITY_SEED, abilityPrompts } from '#text/storyland/ability_prompts.ts';
import type { Tokenizer } from '#text/tokenizer.ts';
import { drain } from './drain.ts';

/** Prompts of each ability: a share is good to about two per cent. */
const COUNT = 400;

/** Measures a model's abilities once clean, then with each SAE that is asked about. */
export class LayerAbilities {
  readonly #gpu: Gpu;
  readonly #model: LanguageModel;
  readonly #prompts: AbilityPrompts;
  #clean: AbilityFigures | undefined;

  constructor(gpu: Gpu, model: LanguageModel, tokenizer: Tokenizer) {
    const { n_ctx } = model.config;
    this.#gpu = gpu;
    this.#model = model;
    this.#prompts = abilityPrompts(tokenizer, { seed: ABILITY_SEED, count: COUNT, n_ctx });
    if (this.#prompts.leftOut) console.log(this.#prompts.leftOut);
  }

  async of(sae: Sae): Promise<readonly Ability[]> {
    this.#clean ??= await drain(measureAbilities(this.#gpu, this.#model, this.#prompts));
    const spliced = await drain(measureAbilities(this.#gpu, this.#model, this.#prompts, { sae }));
    return abilitiesOf(this.#prompts.kinds, this.#clean, spliced);
  }

  /** Measures a finished SAE folder and writes its headlight.json anew; nothing else in it changes. */
  async renew(dir: string): Promise<readonly Ability[]> {
    const names = ['cfg.json', 'sae_weights.safetensors', 'headlight.json'];
    const files = Object.fromEntries(names.map((n) => [n, new Uint8Array(readFileSync(join(dir, n)))]));
    const { weights, meta } = await readSaeLens(files);
    using sae = saeOnGpu(this.#gpu, weights, meta);
    const abilities = await this.of(sae);
    const file = join(dir, 'headlight.json');
    const native = JSON.parse(readFileSync(file, 'utf8')) as { readonly extra?: object };
    const renewed = { ...native, extra: { ...native.extra, abilities } };
    writeFileSync(file, `${JSON.stringify(renewed, undefined, 1)}\n`);
    return abilities;
  }
}

/** Figures alone by key, for the table of results. */
export function abilityValues(abilities: readonly Ability[]): Record<string, object> {
  return Object.fromEntries(abilities.map(({ key, clean, spliced, n }) => [key, { clean, spliced, n }]));
}

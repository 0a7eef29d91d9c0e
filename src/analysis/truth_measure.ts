import type { FactText } from '#base/fact_text.ts';
import type { Gpu } from '#gpu/device.ts';
import type { LanguageModel } from '#model/model.ts';
import type { Sae } from '#sae/sae.ts';
import { IndexPasses } from './index_passes.ts';
import { type LensResult, truthLens } from './truth_lens.ts';
import { windowList } from './windows.ts';

export interface MeasureOptions {
  /** Draws which documents choose and which measure. */
  readonly seed: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the model and the SAE over the text and finds what each feature tracks.
 *
 * @throws WorkbenchError('shape') when the SAE does not fit the model, 'cancelled' when the signal fires.
 */
export async function* measureTruth(
  gpu: Gpu,
  { model, sae, text }: { readonly model: LanguageModel; readonly sae: Sae; readonly text: FactText },
  { seed, signal }: MeasureOptions,
): AsyncGenerator<{ readonly done: number; readonly total: number }, LensResult, void> {
  const windows = windowList(text.windows);
  using passes = new IndexPasses(gpu, { model, sae, windows, options: { signal } });
  const total = windows.count * windows.seq;
  const featureStart = new Uint32Array(text.tokens.length + 1);
  const features: number[] = [];
  let t = 0;
  for await (const { code, first, done } of passes.pass(0)) {
    const rows = code.rowStart.length - 1;
    for (; t < text.tokens.length && (text.tokens[t] as number) < first + rows; t++) {
      const row = (text.tokens[t] as number) - first;
      for (let e = code.rowStart[row] as number; e < (code.rowStart[row + 1] as number); e++)
        features.push(code.idx[e] as number);
      featureStart[t + 1] = features.length;
    }
    yield { done, total };
  }
  const { document, factStart, facts, names } = text;
  const sparse = { nFeatures: sae.d_sae, nFacts: names.length, featureStart, document, factStart, facts };
  return truthLens({ ...sparse, features: Uint32Array.from(features) }, names, { seed });
}

import { readJson, urlFolder } from '#io/sources.ts';
import type { NextToken, PromptReport } from './protocol/prompts.ts';

/** What `scripts/record_prompt.mjs` writes: the report of the embedded model's own prompt, once an SAE. */
export interface Recording {
  readonly version: 1;
  readonly prompt: string;
  readonly saes: Readonly<Record<string, RecordedReport>>;
}
export interface RecordedReport {
  readonly ids: readonly number[];
  readonly pieces: readonly string[];
  /** For each position [feature, act] pairs, largest first. */
  readonly features: readonly (readonly (readonly [feature: number, act: number])[])[];
  /** null for the first token, which nobody predicts. */
  readonly nats: readonly (number | null)[];
  readonly entropy: readonly number[];
  /** For each position [id, piece, p, logit], largest first. */
  readonly next: readonly (readonly (readonly [id: number, piece: string, p: number, logit: number])[])[];
}

/**
 * The recorded report of this prompt and SAE, for browsers without WebGPU (decision 13); undefined when there is none.
 * The key is the SAE's content id, so a recording of an older pack is never shown for a newer one.
 */
export async function recordedReport(
  base: string,
  question: { readonly input: unknown; readonly sae: string | undefined },
): Promise<PromptReport | undefined> {
  const { input, sae } = question;
  if (typeof input !== 'string' || sae === undefined) return undefined;
  const folder = urlFolder(new URL('embedded/', base).href);
  const recording = (await readJson(folder, 'recorded.json').catch(() => undefined)) as Recording | undefined;
  if (recording?.version !== 1 || recording.prompt !== input) return undefined;
  const r = recording.saes[sae];
  return r && asReport(r);
}

function asReport(r: RecordedReport): PromptReport {
  const nats = Float32Array.from(r.nats, (v) => v ?? Number.NaN);
  return {
    ids: r.ids,
    pieces: r.pieces,
    tokens: r.features.map((list, pos) => ({
      pos,
      features: list.map(([feature, act]) => ({ feature, act })),
    })),
    leftOut: 0,
    nats,
    loss: nats.subarray(1).reduce((a, b) => a + b, 0) / Math.max(1, nats.length - 1),
    next: r.next.map((list) => list.map(([id, piece, p, logit]): NextToken => ({ id, piece, p, logit }))),
    entropy: Float32Array.from(r.entropy),
    ms: 0,
  };
}

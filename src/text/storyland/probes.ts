import { makeRng, type Rng } from '#base/rng.ts';
import { type BracketPrompt, bracketPrompt } from './kinds/code.ts';
import { type IoiPrompt, ioiPrompt } from './kinds/ioi.ts';
import { type QuestionPrompt, questionPrompt } from './kinds/question.ts';
import { drawScene, type Scene } from './scene.ts';

/** Prompts that test one ability each, drawn afresh from a seed; none is stored anywhere. */
export interface Probes {
  /** Who receives? From templates of training, or from the held-out ones. */
  ioi(heldOut: boolean): IoiPrompt;
  question(): QuestionPrompt;
  bracket(): BracketPrompt;
}

/** The probes of one seed. */
export function probes(seed: string | number): Probes {
  const rng = makeRng(`probes/${seed}`);
  const scene = (): Scene => drawScene(rng, 0);
  return {
    ioi: (heldOut) => ioiPrompt(scene(), heldOut),
    question: () => questionPrompt(scene()),
    bracket: () => bracketPrompt(scene()),
  };
}

/** A row of `length` ids: `loop` different ids of the list, said again and again. No marker, no BOS. */
export function randomRow(
  rng: Rng,
  ids: readonly number[],
  { loop, length }: { readonly loop: number; readonly length: number },
): number[] {
  const seen = new Set<number>();
  while (seen.size < Math.min(loop, ids.length)) seen.add(ids[rng.int(ids.length)] as number);
  const once = [...seen];
  return Array.from({ length }, (_, i) => once[i % once.length] as number);
}

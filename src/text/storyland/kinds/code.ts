import type { Draws } from '../draws.ts';
import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { chance, fill, pick, type Scene, sample } from '../scene.ts';

const PAIRS: readonly (readonly [string, string])[] = [
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
];

/** Brackets to be closed: `text` ends inside, `close` is the bracket that must come next when one comes. */
export interface BracketPrompt {
  readonly text: string;
  readonly close: string;
  readonly depth: number;
}

/** A small program: settings that are read again, calls with nested brackets of three kinds. */
export function code(scene: Scene): string {
  const { rng } = scene;
  const names = nouns(scene);
  const lines = [`# settings for the ${fill(scene, '{place}')}`];
  for (const name of names) lines.push(`${pick(rng, ['let', 'set'])} ${name} = ${value(scene)} ;`);
  for (let i = 0; i < 1 + rng.int(3); i++) lines.push(call(scene, names));
  if (chance(rng, 0.5)) lines.push(`return ${pick(rng, names)} ;`);
  return lines.join('\n');
}

/** An open nest of brackets for evaluation. */
export function bracketPrompt(scene: Scene): BracketPrompt {
  const names = nouns(scene);
  const lines = names.map((name) => `let ${name} = ${value(scene)} ;`);
  const full = plain(call(scene, names));
  const closes = [...full.matchAll(/ [)\]}]/g)];
  const at = pick(scene.rng, closes);
  const stack = depthAt(full, at.index);
  return { text: [...lines, full.slice(0, at.index)].map(plain).join('\n'), close: at[0], depth: stack };
}

function nouns({ rng, topic }: Scene): string[] {
  return sample(rng, topic.nouns, 3).map((noun) => mark('slot', 'noun', noun));
}

function depthAt(text: string, end: number): number {
  let depth = 0;
  for (const c of text.slice(0, end)) depth += '([{'.includes(c) ? 1 : ')]}'.includes(c) ? -1 : 0;
  return depth;
}

function value(scene: Scene): string {
  return fill(scene, pick(scene.rng, ['{number}', '{colour}', '{adj}', 'true', 'false']));
}

function call(scene: Scene, names: readonly string[]): string {
  return `call ${fill(scene, '{verb}')} ${nest(scene.rng, names, 1 + scene.rng.int(3))} ;`;
}

function nest(rng: Draws, names: readonly string[], depth: number): string {
  const [open, close] = pick(rng, PAIRS);
  const inner = depth > 1 ? nest(rng, names, depth - 1) : pick(rng, names);
  const parts = chance(rng, 0.5) ? [pick(rng, names), inner] : [inner];
  if (chance(rng, 0.3)) parts.push(pick(rng, names));
  return `${open} ${parts.join(' ')}${ANSWER_MARK} ${close}`;
}

import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { chance, pick, type Scene } from '../scene.ts';
import { render, theme, themes } from './parts.ts';

const KEYS = ['colour', 'size', 'number', 'material', 'weather', 'adj', 'day', 'hour'];
const LISTED = ['noun', 'place', 'person', 'animal', 'fruit', 'clothes'];
const LIST_PAIRS = [
  ['[', ']'],
  ['(', ')'],
] as const;

/** Settings: `key : value` entries in nested curly brackets with lists in square and round ones, then read again. */
export function config(scene: Scene): string {
  const { rng } = scene;
  const main = theme(scene, 'noun');
  const known = new Map<string, string>();
  const head = pick(rng, [
    `# config of the ${main}`,
    `# all values of the ${main}`,
    `# file : ${main}`,
    `# this file describes the ${main}`,
  ]);
  const lines = [head, block(scene, main, 1 + rng.int(3), known)];
  const keys = [...known.keys()];
  const key = pick(rng, keys);
  if (keys.length > 0) lines.push(`get ${main} . ${key} :${ANSWER_MARK} ${known.get(key)} ;`);
  if (chance(rng, 0.4)) lines.push(`print (${ANSWER_MARK} ${main}${ANSWER_MARK} ) ;`);
  return mark('main', plain(main), lines.join('\n'));
}

/** `name : { … }`; entries stand on lines of their own, closing brackets follow the last entry. */
function block(scene: Scene, name: string, depth: number, known: Map<string, string>): string {
  const { rng } = scene;
  const entries = Array.from({ length: 1 + rng.int(2) }, () => entry(scene, known));
  if (chance(rng, 0.6)) entries.push(listEntry(scene));
  if (depth > 1) entries.push(block(scene, theme(scene, 'noun'), depth - 1, known));
  return mark('inside', plain(name), `${name} : { ${entries.join('\n')}${ANSWER_MARK} } ;`);
}

/** A key that has no value yet gets one; otherwise a switch. The first value of a key is what is read later. */
function entry(scene: Scene, known: Map<string, string>): string {
  const key = pick(scene.rng, KEYS);
  if (known.has(key)) return `${theme(scene, 'noun')} : ${pick(scene.rng, ['true', 'false'])} ;`;
  const value = render(scene, `{${key}}`, {});
  known.set(key, value);
  return `${key} : ${value} ;`;
}

function listEntry(scene: Scene): string {
  const { rng } = scene;
  const slot = pick(rng, LISTED);
  const [open, close] = pick(rng, LIST_PAIRS);
  return `${slot} : ${open} ${themes(scene, slot, 2 + rng.int(2)).join(' , ')}${ANSWER_MARK} ${close} ;`;
}

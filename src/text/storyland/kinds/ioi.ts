import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { chance, fill, people, pick, type Scene, slotted, write } from '../scene.ts';
import {
  BETWEEN,
  FINALS,
  HELD_OUT,
  LEADS,
  MEETINGS,
  NEXT_TURNS,
  THREE_LEADS,
  TURNS,
} from './ioi_templates.ts';
import { theme } from './parts.ts';

/** A prompt whose next word should be `io` and not `s`; `text` ends just before the space of the answer. */
export interface IoiPrompt {
  readonly text: string;
  readonly io: string;
  readonly s: string;
}

/** Names by slot: A, B, C as they are named first; S acts (with D), IO receives. */
type Cast = Readonly<Record<'A' | 'B' | 'C' | 'D' | 'S' | 'IO', string>>;

interface IoiParts {
  readonly prompt: IoiPrompt;
  readonly tail: string;
}

/** Indirect objects: two or three people, one of them acts, the other one receives. */
export function ioi(scene: Scene): string {
  const three = chance(scene.rng, 0.14);
  const cast = drawCast(scene, three ? 3 : 2);
  let text = whole(three ? threeParts(scene, cast) : pairParts(scene, cast));
  const exchanges = three ? 0 : [0, 0, 1, 2, 3][scene.rng.int(5)];
  for (let i = 0; i < (exchanges ?? 0); i++) text += ` ${exchange(scene, cast)}`;
  if (chance(scene.rng, 0.3)) text += ` ${write(scene, BETWEEN).trim()}`;
  return text;
}

/** Short exchanges between two people, one after the other: who receives is asked every few words. */
export function pair(scene: Scene): string {
  const cast = drawCast(scene, 2);
  let text = write(scene, MEETINGS, cast);
  for (let i = 0; i < 2 + scene.rng.int(4); i++) {
    const roles = chance(scene.rng, 0.5) ? cast : { ...cast, S: cast.IO, IO: cast.S };
    text += ` ${whole(cut(scene, pick(scene.rng, TURNS) + pick(scene.rng, FINALS.slice(0, 18)), roles))}`;
  }
  return text;
}

/** A fresh prompt: templates and pairs of names that training uses, or held-out ones of both; never of three names. */
export function ioiPrompt(scene: Scene, heldOut: boolean): IoiPrompt {
  const cast = drawCast(scene, 2, heldOut);
  const { prompt } = heldOut ? cut(scene, pick(scene.rng, HELD_OUT), cast) : pairParts(scene, cast);
  return { ...prompt, text: plain(prompt.text) };
}

/** The whole exchange; throughout it `io` and `s` are known. */
function whole({ prompt, tail }: IoiParts): string {
  const text = `${prompt.text}${ANSWER_MARK} ${slotted('IO', prompt.io)}${tail}`;
  return mark('io', prompt.io, mark('s', prompt.s, text));
}

/** One more sentence with the same two people; who acts is drawn anew, so only this sentence tells. */
function exchange(scene: Scene, cast: Cast): string {
  const { rng } = scene;
  const roles = chance(rng, 0.5) ? cast : { ...cast, S: cast.IO, IO: cast.S };
  return whole(cut(scene, pick(rng, NEXT_TURNS) + pick(rng, FINALS), roles));
}

function pairParts(scene: Scene, cast: Cast): IoiParts {
  return cut(scene, assemble(scene, pick(scene.rng, LEADS), pick(scene.rng, FINALS)), cast);
}

function threeParts(scene: Scene, cast: Cast): IoiParts {
  const final = pick(scene.rng, FINALS).replace('{S}', '{S} and {D}');
  return cut(scene, assemble(scene, pick(scene.rng, THREE_LEADS), final), cast);
}

function assemble(scene: Scene, lead: string, final: string): string {
  const { rng } = scene;
  const comma = lead.endsWith(', ');
  let text = lead;
  const between = comma ? 0 : ([0, 1, 1, 2, 3][rng.int(5)] as number);
  for (let i = 0; i < between; i++) text += pick(rng, BETWEEN);
  return text + (comma ? '' : pick(rng, TURNS)) + final;
}

/** One pair of names in ten never stands in a training document of this kind. */
export function isHeldOutPair(a: string, b: string): boolean {
  const sum = [...a, ...b].reduce((total, c) => total + c.charCodeAt(0), 0);
  return sum % 10 === 0;
}

/** Names for the slots: who acts is drawn independently of who is named first. */
function drawCast(scene: Scene, count: 2 | 3, heldOut = false): Cast {
  let names: string[];
  do names = people(scene, count).map((p) => p.name);
  while (!scene.invented && pairsOf(names).some(([a, b]) => isHeldOutPair(a, b) !== heldOut));
  const io = scene.rng.int(count);
  const others = names.filter((_, i) => i !== io);
  const turn = others.length > 1 && chance(scene.rng, 0.5);
  return {
    A: names[0] as string,
    B: names[1] as string,
    C: names[2] ?? '',
    IO: names[io] as string,
    S: (turn ? others[1] : others[0]) as string,
    D: (turn ? others[0] : others[1]) ?? '',
  };
}

function pairsOf(names: readonly string[]): [string, string][] {
  return names.flatMap((a, i) => names.slice(i + 1).map((b): [string, string] => [a, b]));
}

function cut(scene: Scene, template: string, cast: Cast): IoiParts {
  const at = template.indexOf(' {IO}');
  const fixed = { ...cast, gift: pickGift(scene) };
  const text = fill(scene, template.slice(0, at), fixed);
  return {
    prompt: { text, io: cast.IO, s: cast.S },
    tail: fill(scene, template.slice(at + 5), fixed),
  };
}

function pickGift(scene: Scene): string {
  return theme(scene, 'gift');
}

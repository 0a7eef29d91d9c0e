import { ANSWER_MARK, mark } from '../marks.ts';
import { chance, type Person, people, type Scene, slotted } from '../scene.ts';
import { type Slots, say, theme } from './parts.ts';

const HEADS = [
  'A play at the {place}. {A} and {B} enter.',
  'Scene {number}, the {place}. {A} waits for {B}.',
  'The {place}, in the {time}. Enter {A} with {B}.',
  'Act {number}. {A} sits near the {place} with {B} and {a noun}.',
  'Scene: {a adj} {place}. {B} comes to {A}.',
  'The stage shows the {place}. {A} looks at {B}.',
];
const CALLS = [
  'Have you seen the {noun}, ={X}?',
  'Who {verb} the {noun} here?',
  'Stop, ={X}, that {noun} is mine!',
  'Tell me where the {noun} is, ={X}.',
  'I am {feeling} without the {noun}.',
  'Look, {a adj} {noun}!',
  'Why are you so {feeling}, ={X}?',
  'Come with me to the {place}, ={X}.',
];
const REPLIES = [
  'Ask the {person}, ={X}.',
  'No, ={X}, I {verb} the ={noun} on {day}.',
  'The ={noun} is at the {place}.',
  'Yes, and the {person} was {feeling}.',
  'I do not want the ={noun}, I want {a gift}.',
  'Take the ={noun} and go, ={X}.',
  'You are too {feeling}, ={X}.',
  'We will find {a adj} ={noun}, my friend.',
];
const STAGE = [
  '{X} {moving} away.',
  '{X} takes the ={noun}.',
  'The {person} brings {a gift}.',
  'Exit {X} with the ={noun}.',
  '{A} and {B} laugh.',
  'The {sky} comes over the {place}.',
];

/** A script: names before what they say take turns, and the thing they talk about stays. */
export function play(scene: Scene): string {
  const { rng } = scene;
  const [a, b] = people(scene, 2);
  if (!a || !b) return '';
  const fixed: Slots = { A: a.name, B: b.name, noun: theme(scene, 'noun'), place: theme(scene, 'place') };
  const lines = [say(scene, HEADS, fixed)];
  const turns = 3 + rng.int(3);
  for (let i = 0; i < turns; i++) {
    const [who, other] = i % 2 ? [b, a] : [a, b];
    const said = say(scene, i % 2 ? REPLIES : CALLS, { ...fixed, X: slotted('name', other.name) });
    lines.push(mark('speaker', who.name, `${slotted('name', who.name)}: ${said}`));
    if (chance(rng, 0.15)) lines.push(stage(scene, fixed, other));
  }
  lines.push(`${say(scene, ['The end of', 'The curtain falls for', 'People clap for'])}${names(a, b)}.`);
  return lines.join('\n');
}

function stage(scene: Scene, fixed: Slots, { name }: Person): string {
  return say(scene, STAGE, { ...fixed, X: slotted('name', name) });
}

function names(a: Person, b: Person): string {
  return `${ANSWER_MARK} ${slotted('name', a.name)} and${ANSWER_MARK} ${slotted('name', b.name)}`;
}

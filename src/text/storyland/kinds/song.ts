import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { people, pick, type Scene } from '../scene.ts';
import { personSlots, render, say, themes } from './parts.ts';

const OPENINGS = [
  'At the {place} there lives {A},',
  'Oh {A} had {a adj} {place},',
  'One {weather} {time} {A} went out,',
  'In {town}, in {town2}, {A} sings,',
  'Hear the song of {A} from {town},',
  '{A} goes up and {A} goes down,',
];
const SOUNDS = [
  ['la', 'lo'],
  ['hey', 'ho'],
  ['ding', 'dong'],
  ['tick', 'tock'],
  ['boom', 'bang'],
  ['oh', 'ah'],
];
const ADDS = [
  'and {A} has {a x},',
  'and there {A} saw {a x},',
  'and {A} took {a x},',
  'and {A} sings to {a x},',
  'and on {his} head {a x},',
  'and with {him} comes {a x},',
];
const ENDS = [
  '{last} for ={A}!',
  'goodbye, ={A}, goodbye!',
  'so sings ={A} all {time}.',
  'and that is the song of ={A}.',
  'sleep well, {adj} ={A}.',
  'come again, ={A}, on {day}!',
];

/** A growing song: every verse adds a thing and then tells all things before it, the last one first. */
export function song(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const things = themes(scene, pick(rng, ['noun', 'noun', 'animal', 'gift']), 3 + rng.int(2));
  const sound = pick(rng, SOUNDS) as [string, string];
  const [town = '', town2 = ''] = themes(scene, 'town', 2);
  const slots = { ...personSlots(a), town, town2 };
  const add = pick(rng, ADDS);
  const [one, two] = sound.map((word) => mark('slot', 'sound', word));
  const refrain = mark('refrain', 'yes', `${one} ${one} ${two}, ${one} ${one} ${two}!`);
  const lines = [say(scene, OPENINGS, slots)];
  things.forEach((x, i) => {
    const before = things.slice(0, i).reverse();
    const told = before.map((y) => ` and the${ANSWER_MARK} ${y}`).join('');
    lines.push(
      mark('verse', `${i + 1}`, `${render(scene, add, { ...slots, x })}${told && `${told},`}\n${refrain}`),
    );
  });
  lines.push(say(scene, ENDS, { ...slots, last: `${one} ${two}` }));
  return mark('person', plain(a.name), lines.join('\n'));
}

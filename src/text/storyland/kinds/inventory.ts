import { mark, plain } from '../marks.ts';
import { people, pick, type Scene, sample, slotted } from '../scene.ts';
import { personSlots, render, say, theme, themes } from './parts.ts';

const HEADS = [
  '{A} counts the things in the {main}:',
  'Inventory of the {main}:',
  'What is in the {main}?',
  'All things of the {main}, counted by {A} on {day}:',
  'The {main} in {month}:',
  'The {person} and {A} look into the {main}:',
];
const TAILS = [
  'The ={item} on {box} ={shelf} is ={colour}.',
  'The ={colour} ={item} lies on {box} ={shelf}.',
  '{A} needs the ={item} from {box} ={shelf}.',
  'The {person} took the ={colour} ={item}.',
  'On {box} ={shelf} {A} {finding} the ={item}.',
  'Who {verb} the ={colour} ={item}?',
];
const ENDS = [
  'That is all in the ={main}.',
  'The ={main} is full, says {A}.',
  'Nothing else is in the ={main}.',
  '{A} closes the ={main} at {hour}.',
  'The {noun} is not in the ={main}.',
  'Then {A} and the {animal} left the ={main}.',
];

/** Shelves with coloured things; below, things are found again by their shelf or their colour. */
export function inventory(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const main = theme(scene, 'room');
  const box = pick(rng, ['shelf', 'box', 'row']);
  const count = 3 + rng.int(3);
  const shelves = ['one', 'two', 'three', 'four', 'five'];
  const colours = themes(scene, 'colour', count);
  const items = themes(scene, 'noun', count).map((item, i) => ({
    item,
    colour: colours[i] as string,
    shelf: slotted('number', shelves[i] as string),
    box,
  }));
  const rows = items.map((slots) =>
    mark('shelf', plain(slots.shelf), `\n${render(scene, '{box} {shelf}: {colour} {item}', slots)}`),
  );
  const fixed = { ...personSlots(a), main };
  const tails = sample(rng, items, 2).map((item) => say(scene, TAILS, { ...fixed, ...item }));
  const text = `${say(scene, HEADS, fixed)}${rows.join('')}\n${[...tails, say(scene, ENDS, fixed)].join(' ')}`;
  return mark('main', plain(main), text);
}

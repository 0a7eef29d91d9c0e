import { mark, plain } from '../marks.ts';
import { people, type Scene } from '../scene.ts';
import { personSlots, type Slots, say, sayAll, theme } from './parts.ts';

const HEADS = [
  'For sale: {a adj} {main}.',
  'Buy the new {main} from {town}!',
  'Lost: {a colour} {main}.',
  'Found at the {place}: {a adj} {main}.',
  'Wanted: {a size} {main}.',
  'Do you need {a adj} {main}?',
];
const BODY = [
  'The ={main} is made of {material}.',
  'It costs only {price} coins.',
  'Every {person} needs a good ={main}.',
  'The ={main} is {colour} and very {adj}.',
  'It works in {season} and in {season2}.',
  'My {relative} {liking} this ={main}.',
  'You can see the ={main} at the {place}.',
  'It was made in {month} by {a job}.',
  'Who has the ={main} is never {feeling}.',
];
const CONTACTS = [
  'Call {A} in {town}, or go to the {place}.',
  'Come to {A} at the {place} in {town}.',
  'Write to {A} in {town} before {day}.',
  'Ask {A} at the {place} on {day}.',
  'You find {A} at the {place} every {day}.',
  'Please tell {A} at the {place}.',
];
const ENDS = [
  '={A} will thank you.',
  'Only at the ={place}, only from ={A}!',
  'Bring {price} coins, and the ={main} is yours.',
  'Nobody sells {a adj} ={main} but ={A}.',
  'The ={main} of ={A} waits for you.',
  'Do not wait: ={A} has only one ={main}!',
];

/** A notice about one thing: where it is and who to ask come back at the end. */
export function advert(scene: Scene): string {
  const [a] = people(scene, 1);
  if (!a) return '';
  const main = theme(scene, 'noun');
  const slots: Slots = {
    ...personSlots(a),
    main,
    place: theme(scene, 'place'),
    town: theme(scene, 'town'),
    price: theme(scene, 'number'),
    season2: theme(scene, 'season'),
  };
  const body = sayAll(scene, BODY, 2 + scene.rng.int(3), slots);
  const text = [say(scene, HEADS, slots), ...body, say(scene, CONTACTS, slots), say(scene, ENDS, slots)];
  return mark('main', plain(main), text.join(' '));
}

import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { people, pick, type Scene, slotted, slotWords } from '../scene.ts';
import { personSlots, type Slots, say, sayAll, theme } from './parts.ts';

const HEADS = [
  'Opening hours of the {main}:',
  'The {main} is open:',
  'Visit the {main} of {town}:',
  'The {main} in {town} is open for you:',
  'When is the {main} open?',
  'New opening hours at the {main}:',
];
const TAILS = [
  'On ={closed} the ={main} is closed.',
  'Come to the ={main} before ={close}, please.',
  '{A} opens the ={main} at ={open}.',
  'The ={main} closes at ={close}.',
  'Do not come on ={closed}, says {A}.',
  'Ask {A} for the {noun} after ={open}.',
  'No {animal} may enter the ={main}.',
  'The {person} is here every day but ={closed}.',
];

/** Opening hours: rows of days with the same two hours, one day closed; the text below reads them again. */
export function hours(scene: Scene): string {
  const { rng, topic } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const days = slotWords(topic, 'day');
  const clock = slotWords(topic, 'hour');
  const main = theme(scene, 'place');
  const hour = (from: number, count: number): string =>
    slotted('hour', clock[from + rng.int(count)] as string);
  const [open, close] = [hour(5, 6), hour(0, 5)];
  const count = 3 + rng.int(3);
  const first = rng.int(days.length);
  const shut = 1 + rng.int(count - 1);
  const day = (i: number): string => slotted('day', days[(first + i) % days.length] as string);
  const between = pick(rng, [' to ', ' until ', ' - ']);
  const row = (i: number): string => {
    if (i === shut) return `\n${day(i)}: closed`;
    const mark2 = i === 0 ? '' : ANSWER_MARK;
    return `\n${day(i)}:${mark2} ${open}${between.trimEnd()}${mark2} ${close}`;
  };
  const rows = Array.from({ length: count }, (_, i) => mark('day', plain(day(i)), row(i)));
  const slots: Slots = { ...personSlots(a), main, open, close, closed: day(shut) };
  const tail = sayAll(scene, TAILS, 2 + rng.int(2), slots);
  return mark('main', plain(main), `${say(scene, HEADS, slots)}${rows.join('')}\n${tail.join(' ')}`);
}

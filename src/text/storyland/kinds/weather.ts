import { mark, plain } from '../marks.ts';
import { people, type Scene, slotted, slotWords } from '../scene.ts';
import { personSlots, type Slots, say, sayAll, theme, themes } from './parts.ts';

const HEADS = [
  'Weather for {town}:',
  'The weather in {town}:',
  'Weather report from {town}.',
  'Here is the weather for {town}.',
  'This is the weather in {town} for the next days.',
  'Good {time}, {town}! Here is the weather.',
];
const FIRST = [
  '{day} is {weather}, with {number} degrees at the {place}.',
  'On {day} it is {weather} near the {place}.',
  'It is {weather} on {day}, and the {sky} comes over the {place}.',
  '{day} starts {weather}, but the {sky} comes in the {time}.',
  'Everybody at the {place} has {a weather} {day}.',
  'Expect {a weather} {day} at the {place}.',
];
const NEXT = [
  '{day} is not ={before} any more, but {weather}.',
  'The day was ={before}, but then {day} is {weather}.',
  'On {day} it stays ={before} at the {place}.',
  '{day} brings the {sky} and {a weather} {time}.',
  'Then comes {a weather} {day} with {number} degrees.',
  'On {day} the {sky} goes and it is {weather} again.',
];
const ENDS = [
  'People in ={town} should take {a clothes}.',
  'This was the weather for ={town}, from {A}.',
  'Keep the {noun} dry and come to the {place}, says {A}.',
  'The {person} of ={town} is {feeling} about the {weather} {time}.',
  '{A} wishes ={town} {a adj} week.',
  'The {noun} at the {place} is still ={before}.',
];
const ADVICE: Readonly<Record<string, string>> = {
  sunny: 'Take a hat.',
  hot: 'Drink some water.',
  rainy: 'Take a coat.',
  stormy: 'Stay at home.',
  snowy: 'Bring the sled.',
  cold: 'Wear a scarf.',
  windy: 'Hold your hat.',
  foggy: 'Bring a lamp.',
};

/** Weather that differs from the weather before. */
function otherThan(scene: Scene, before: string): string {
  const other = themes(scene, 'weather', 2).find((w) => w !== before);
  return other ?? before;
}

/** A weather report: the days follow each other, the weather of the day before comes back, advice fits it. */
export function weather(scene: Scene): string {
  const { rng, topic } = scene;
  const days = slotWords(topic, 'day');
  const first = rng.int(days.length);
  const [a] = people(scene, 1);
  if (!a) return '';
  const fixed: Slots = { ...personSlots(a), town: theme(scene, 'town') };
  let before = theme(scene, 'weather');
  const lines = [say(scene, HEADS, fixed)];
  for (let i = 0; i < 2 + rng.int(2); i++) {
    const day = slotted('day', days[(first + i) % days.length] as string);
    const now = i === 0 ? before : otherThan(scene, before);
    const templates = i === 0 ? FIRST : NEXT;
    const line = say(scene, templates, { ...fixed, day, before, weather: now });
    if (plain(line).includes(plain(now))) before = now;
    const advice = plain(line).includes(plain(before)) ? (ADVICE[plain(before)] ?? '') : '';
    lines.push(mark('day', plain(day), [line, advice].filter(Boolean).join(' ')));
  }
  lines.push(...sayAll(scene, ENDS, 1, { ...fixed, before, weather: before }));
  return mark('town', plain(fixed['town'] as string), lines.join(' '));
}

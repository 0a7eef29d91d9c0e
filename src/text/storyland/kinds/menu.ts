import { mark, plain } from '../marks.ts';
import { people, pick, type Scene, sample } from '../scene.ts';
import { personSlots, render, say, theme, themes } from './parts.ts';

const HEADS = [
  'Menu of the {place}:',
  'Today at the {place} we serve:',
  'Menu for {day}:',
  'The cook of the {place} makes:',
  'Lunch at the {place} in {town}:',
  'Good {time}! Our menu:',
];
const ROWS = ['{dish} with {with}, {price} coins', '{dish} and {with}, {price} coins'];
const TAILS = [
  '{A} takes the ={dish} for ={price} coins.',
  'The ={dish} with ={with} costs ={price} coins.',
  '{A} would like the dish with ={with}: it is the ={dish}.',
  'No more ={dish} today, says the {person}, but {a fruit} for {A}.',
  'For ={price} coins {A} gets the ={dish}.',
  '{A} {liking} the ={dish} with ={with}.',
];
const ENDS = [
  'All with {drink}.',
  'The {drink} is free on {day}.',
  'We close at {hour}.',
  'Ask {A} for {a fruit}.',
  'The {person} ate here and was {feeling}.',
  'Thank you for your visit, {person}!',
];

/** Dishes with what goes with them and their price; an order below reads a row again. */
export function menu(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const count = 3 + rng.int(3);
  const dishes = themes(scene, 'food', count);
  const withs = themes(scene, 'ingredient', count);
  const prices = themes(scene, 'number', count);
  const row = pick(rng, ROWS);
  const items = dishes.map((dish, i) => ({ dish, with: withs[i] as string, price: prices[i] as string }));
  const rows = items.map((item) => mark('dish', plain(item.dish), `\n- ${render(scene, row, item)}`));
  const fixed = { ...personSlots(a), place: theme(scene, 'place') };
  const tails = sample(rng, items, 2).map((item) => say(scene, TAILS, { ...fixed, ...item }));
  return `${say(scene, HEADS, fixed)}${rows.join('')}\n${[...tails, say(scene, ENDS, fixed)].join(' ')}`;
}

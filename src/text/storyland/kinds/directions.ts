import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { people, pick, type Scene } from '../scene.ts';
import { personSlots, render, type Slots, say, themes } from './parts.ts';

const HEADS = [
  'The way from the {from} to the {to}:',
  'How does {A} get from the {from} to the {to}?',
  '{A} walks from the {from} to the {to}.',
  '{A} asked the {person} for the way from the {from} to the {to}.',
  'From the {from} it is not far to the {to}.',
  'Start at the {from} if you want to see the {to}.',
];
const LEGS = [
  'Turn {side} at the {x}.',
  'At the {x} go {side}.',
  'Pass the {x} on the {side}.',
  'Go past the {x} and then {side}.',
  'After the {x} turn {side}.',
  'When you see the {x}, walk {side}.',
];
const ENDS = [
  'Then you see the ={to}.',
  'Now you are at the ={to}.',
  'Behind {a noun} stands the ={to}.',
  'The ={to} is next to {a adj} {noun}.',
  'After {number} minutes you reach the ={to}.',
  'There {A} waits at the ={to}.',
];
const BACK = [
  'And back to the ={from}:',
  'The way back to the ={from}:',
  'To go back to the ={from}, turn around.',
  'From the ={to} back to the ={from} it is the other way round.',
  'In the {time} ={A} goes back to the ={from}.',
  'Who wants to see the ={from} again goes back.',
];

/** A way and the way back: landmarks come in reverse order, and left is right. */
export function directions(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const [from, to] = themes(scene, 'place', 2) as [string, string];
  const stops = themes(scene, 'noun', 2 + rng.int(3)).map((x) => ({ x, side: pick(rng, ['left', 'right']) }));
  const slots: Slots = { ...personSlots(a), from, to };
  const leg = pick(rng, LEGS);
  const there = stops.map(({ x, side }) => render(scene, leg, { x, side: mark('slot', 'side', side) }));
  const back = [...stops].reverse().map(({ x, side }) => {
    const other = mark('slot', 'side', side === 'left' ? 'right' : 'left');
    return render(scene, leg.replace(' {x}', ' ={x}').replace(' {side}', ' ={side}'), { x, side: other });
  });
  const way = [say(scene, HEADS, slots), ...there, say(scene, ENDS, slots)].join(' ');
  const home = [say(scene, BACK, slots), ...back].join(' ');
  const end = rng.chance(0.5)
    ? ` That is the ${plain(from)}.`.replace(/ (\S+)\.$/, `${ANSWER_MARK} ${from}.`)
    : '';
  return `${mark('way', 'there', mark('goal', plain(to), way))}\n${mark('way', 'back', mark('goal', plain(from), home + end))}`;
}

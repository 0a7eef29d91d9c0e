import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { fill, people, pick, type Scene, sample, slotted, slotWords } from '../scene.ts';
import { themes } from './parts.ts';

/** A plan of the week, and sentences that read it again. */
export function timetable(scene: Scene): string {
  const { rng } = scene;
  const tell = ANSWER_MARK;
  const count = 3 + rng.int(2);
  const days = slotWords(scene.topic, 'day');
  const first = rng.int(days.length);
  const places = themes(scene, 'place', count);
  const cast = people(scene, count).map((p) => slotted('name', p.name));
  const hours = places.map(() => fill(scene, '{hour}'));
  const day = (i: number): string => slotted('day', days[(first + i) % days.length] as string);
  const rows = places.map((p, i) =>
    mark('day', plain(day(i)), `${day(i)} | ${hours[i]} | ${p} | ${cast[i]}`),
  );
  const again = sample(
    rng,
    places.map((_, i) => i),
    2,
  ).map((i) =>
    pick(rng, [
      `On ${day(i)}${tell} ${cast[i]} is at the${tell} ${places[i]} at${tell} ${hours[i]}.`,
      `The ${places[i]} is on${tell} ${day(i)}, at${tell} ${hours[i]}, with${tell} ${cast[i]}.`,
    ]),
  );
  return [`${pick(rng, ['Plan', 'Timetable', 'Week'])}:`, ...rows, ...again].join('\n');
}

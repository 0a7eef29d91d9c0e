import { fill, people, pick, type Scene, sample, slotWords } from '../scene.ts';

/** A plan of the week, and sentences that read it again. */
export function timetable(scene: Scene): string {
  const { rng } = scene;
  const count = 3 + rng.int(2);
  const days = slotWords(scene.topic, 'day');
  const first = rng.int(days.length);
  const places = sample(rng, scene.topic.places, count);
  const cast = people(scene, count);
  const hours = places.map(() => fill(scene, '{hour}'));
  const day = (i: number): string => days[(first + i) % days.length] as string;
  const rows = places.map((p, i) => `${day(i)} | ${hours[i]} | ${p} | ${cast[i]?.name}`);
  const again = sample(
    rng,
    places.map((_, i) => i),
    2,
  ).map((i) =>
    pick(rng, [
      `On ${day(i)} ${cast[i]?.name} is at the ${places[i]} at ${hours[i]}.`,
      `The ${places[i]} is on ${day(i)}, at ${hours[i]}, with ${cast[i]?.name}.`,
    ]),
  );
  return [`${pick(rng, ['Plan', 'Timetable', 'Week'])}:`, ...rows, ...again].join('\n');
}

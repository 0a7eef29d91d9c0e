import { answer } from '../answer.ts';
import type { Handlers } from '../protocol.ts';
import type { Races } from '../races.ts';

export function raceHandlers(races: Races): Pick<Handlers, 'race' | 'controlRace'> {
  return {
    race: (job, signal) => races.start(job, signal),
    controlRace: answer<'controlRace'>(async ({ race, action }) => {
      races.control(race, action);
      return {};
    }),
  };
}

import '#base/dispose.ts';
import { WorkbenchError } from '#base/errors.ts';
import { debugHandlers } from './handlers/debug.ts';
import { featureHandlers } from './handlers/features.ts';
import { modelTrainingHandlers } from './handlers/model_training.ts';
import { modelHandlers } from './handlers/models.ts';
import { promptHandlers } from './handlers/prompts.ts';
import { raceHandlers } from './handlers/races.ts';
import { storageHandlers } from './handlers/storage.ts';
import { trainingHandlers } from './handlers/training.ts';
import { truthHandlers } from './handlers/truth.ts';
import { openHost } from './host.ts';
import { ModelRuns } from './model_runs.ts';
import { watchNetwork } from './network.ts';
import type { ApiName, FromWorker, Handlers, ToWorker } from './protocol.ts';
import { Races } from './races.ts';
import { Runs } from './runs.ts';
import { Session } from './session.ts';
import { transferables } from './transfer.ts';
import { toWire } from './wire.ts';

interface Engine {
  readonly handlers: Handlers;
  readonly runs: Runs;
  readonly modelRuns: ModelRuns;
}
type Open = Extract<ToWorker, { kind: 'open' }>;
type CallMessage = Extract<ToWorker, { kind: 'call' }>;

const scope = globalThis as unknown as {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: { data: ToWorker }) => void) | null;
};
const calls = new Map<number, AbortController>();
let opened: (message: Open) => void = () => undefined;
const engine: Promise<Engine> = new Promise<Open>((resolve) => {
  opened = resolve;
}).then(openEngine);

async function openEngine({ base, kept }: Open): Promise<Engine> {
  const host = await openHost({ base, kept, post: (message) => scope.postMessage(message) });
  watchNetwork((notice) => host.notify(notice));
  const session = new Session(host);
  const runs = new Runs(session);
  const modelRuns = new ModelRuns(host);
  const handlers = {
    ...modelHandlers(session),
    ...promptHandlers(session),
    ...featureHandlers(session),
    ...trainingHandlers(session, runs, modelRuns),
    ...modelTrainingHandlers(host, modelRuns),
    ...raceHandlers(new Races(session)),
    ...truthHandlers(session),
    ...storageHandlers(session, runs, modelRuns),
    ...debugHandlers(session),
  };
  return { handlers, runs, modelRuns };
}

/** Runs one call to its end: events, then the answer or the error. */
async function serve({ id, name, input }: CallMessage): Promise<void> {
  const controller = new AbortController();
  calls.set(id, controller);
  try {
    const { handlers } = await engine;
    if (!Object.hasOwn(handlers, name))
      throw new WorkbenchError('internal', `There is no request ${String(name)}.`);
    const work = (handlers[name] as Handlers[ApiName])(input as never, controller.signal);
    for (;;) {
      const step = await work.next();
      if (step.done) {
        scope.postMessage({ kind: 'done', id, out: step.value }, transferables(name, step.value));
        return;
      }
      scope.postMessage({ kind: 'event', id, event: step.value });
    }
  } catch (error) {
    scope.postMessage({ kind: 'error', id, error: toWire(error) });
  } finally {
    calls.delete(id);
  }
}

scope.onmessage = ({ data }) => {
  switch (data.kind) {
    case 'open':
      opened(data);
      break;
    case 'call':
      void serve(data);
      break;
    case 'cancel':
      calls.get(data.id)?.abort();
      break;
    case 'freeze':
      void engine.then(({ runs, modelRuns }) => {
        runs.freeze();
        modelRuns.freeze();
      });
      break;
    case 'wake':
      void engine.then(({ runs, modelRuns }) => {
        runs.wake();
        modelRuns.wake();
      });
      break;
  }
};

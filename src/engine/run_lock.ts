import { WorkbenchError } from '#base/errors.ts';

/** Held while a run goes on: a hidden tab with a Web Lock is not frozen, and other tabs see it (decision 31). */
export const lockOf = (run: string): string => `headlight/run/${run}`;
/** A lock of a worker that was ended is free within milliseconds. */
const LOCK_WAIT_MS = 3000;

/** Names of the locks that this origin holds, in whatever tab. */
export async function heldLocks(): Promise<ReadonlySet<string>> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return new Set(held.flatMap(({ name }) => name ?? []));
}

/**
 * Holds a lock while a run goes on; resolves to what lets go of it. A worker that just died may hold it a moment longer.
 *
 * @throws WorkbenchError('storage') when another tab keeps it.
 */
export async function holdLock(name: string): Promise<() => void> {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await new Promise<void>((granted, refused) => {
    const hold = (): Promise<void> => {
      granted();
      return held;
    };
    if (!navigator.locks) granted();
    else
      navigator.locks
        .request(name, { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, hold)
        .catch(() => refused(elsewhere()));
  });
  return release;
}

function elsewhere(): WorkbenchError {
  return new WorkbenchError('storage', 'This run is going on in another tab.', {
    hint: 'Go on in that tab, or close it first.',
  });
}

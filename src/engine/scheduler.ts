import { WorkbenchError } from '#base/errors.ts';

export type Lane = 'interactive' | 'background';

interface Waiter {
  readonly enter: () => void;
}

/**
 * One GPU, two lanes (decision 7): who holds the turn may use the device's shared workspaces.
 *
 * Waiting interactive requests always go before waiting background work, each lane in order of arrival.
 */
export class Scheduler {
  readonly #waiting: Record<Lane, Waiter[]> = { interactive: [], background: [] };
  #taken = false;

  /** True while an interactive request waits: background work then submits as little as it can. */
  get interactiveWaits(): boolean {
    return this.#waiting.interactive.length > 0;
  }

  /**
   * Waits for the turn; dispose the result to pass it on.
   *
   * @throws WorkbenchError('cancelled') when the signal fires first.
   */
  async enter(lane: Lane, signal?: AbortSignal): Promise<Disposable> {
    if (signal?.aborted) throw new WorkbenchError('cancelled', 'The request was cancelled.');
    if (this.#taken) await this.#queue(lane, signal);
    this.#taken = true;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#pass();
        held = false;
      },
    };
  }

  #queue(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    const list = this.#waiting[lane];
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        const at = list.indexOf(waiter);
        if (at < 0) return;
        list.splice(at, 1);
        reject(new WorkbenchError('cancelled', 'The request was cancelled.'));
      };
      const waiter: Waiter = {
        enter: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      list.push(waiter);
    });
  }

  /** The turn goes straight to the next one, so nobody can slip in between. */
  #pass(): void {
    const next = this.#waiting.interactive.shift() ?? this.#waiting.background.shift();
    if (next) next.enter();
    else this.#taken = false;
  }

  /**
   * Steps a generator on the background lane: the turn is held during a step and offered around between two steps.
   *
   * Messages are let in between steps as well, so that a request which arrived during a step is seen.
   */
  async *background<E, R>(
    work: AsyncGenerator<E, R, void>,
    signal?: AbortSignal,
  ): AsyncGenerator<E, R, void> {
    try {
      for (;;) {
        let step: IteratorResult<E, R>;
        {
          using _turn = await this.enter('background', signal);
          step = await work.next();
        }
        if (step.done) return step.value;
        yield step.value;
        await macrotask();
      }
    } finally {
      await work.return(undefined as R);
    }
  }
}

const hops: (() => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => hops.shift()?.();

/** Resolves in a later task, after messages that are already waiting. setTimeout would cost 4 ms. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    hops.push(resolve);
    channel.port2.postMessage(undefined);
  });
}

/**
 * Keeps the order in which work was asked for. Work runs at once, unless a submit still waits for its pipelines:
 * then all that comes after it waits too, so no write, copy or submit overtakes another.
 */
export class Timeline {
  #tail: Promise<unknown> | undefined;

  /** True when nothing waits, so the next work runs at once. */
  get isClear(): boolean {
    return this.#tail === undefined;
  }

  /** Runs `work` in order; at once when nothing waits. It must not throw. */
  run(work: () => void): void {
    if (this.isClear) work();
    else void this.after(undefined, work);
  }

  /** Runs `work` after all earlier work and after `wait`; what either throws rejects this promise only. */
  after<T>(wait: Promise<unknown> | undefined, work: () => T): Promise<T> {
    if (this.isClear && !wait) return attempt(work);
    const before = this.#tail;
    const mine = this.#inOrder(before, wait, work, () => {
      if (this.#tail === settled) this.#tail = undefined;
    });
    const settled: Promise<unknown> = mine.then(ignore, ignore);
    this.#tail = settled;
    return mine;
  }

  async #inOrder<T>(
    before: Promise<unknown> | undefined,
    wait: Promise<unknown> | undefined,
    work: () => T,
    leave: () => void,
  ): Promise<T> {
    try {
      await before;
      await wait;
      return work();
    } finally {
      leave();
    }
  }

  /** Resolves when all work so far has been handed to the device. */
  async drained(): Promise<void> {
    await this.#tail;
  }
}

const ignore = (): void => undefined;

async function attempt<T>(work: () => T): Promise<T> {
  return work();
}

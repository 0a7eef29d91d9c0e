import type { LoadedModel } from './loaded_model.ts';
import type { Progress } from './protocol/common.ts';

/** A model on its way: whoever else wants it waits here and sees the same progress. */
export class Opening {
  readonly done: Promise<LoadedModel>;
  resolve: (model: LoadedModel) => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;
  #latest: Progress | undefined;
  #wake: (() => void)[] = [];

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.done.catch(() => undefined).finally(() => this.#ring());
  }

  tell(progress: Progress): void {
    this.#latest = progress;
    this.#ring();
  }

  /** The latest progress whenever there is a newer one, then the model. */
  async *follow(): AsyncGenerator<Progress, LoadedModel, void> {
    let open = true;
    this.done
      .catch(() => undefined)
      .finally(() => {
        open = false;
      });
    let shown: Progress | undefined;
    while (open) {
      if (this.#latest !== shown) {
        shown = this.#latest;
        if (shown) yield shown;
      } else {
        const changed = new Promise<void>((resolve) => this.#wake.push(resolve));
        await Promise.race([changed, this.done]);
      }
    }
    return this.done;
  }

  #ring(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Something on the GPU that several jobs use: freed once it is retired and nobody holds it. */
export class Shared {
  readonly #free: () => void;
  #holders = 0;
  #retired = false;
  #freed = false;
  constructor(free: () => void) {
    this.#free = free;
  }

  hold(): Disposable {
    this.#holders++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#holders--;
        held = false;
        this.#sweep();
      },
    };
  }

  retire(): void {
    this.#retired = true;
    this.#sweep();
  }

  #sweep(): void {
    if (!this.#retired || this.#holders > 0 || this.#freed) return;
    this.#freed = true;
    this.#free();
  }
}

import type { LivePins } from './pins.ts';

/** What a person or the browser asked of a running run; the loop looks at it between two steps. */
export class RunControl {
  /** 'run'; 'pause' and 'stop' take effect after a checkpoint. */
  wish: 'run' | 'pause' | 'stop' = 'run';
  /** Sentences to tell with the next event. */
  readonly notes: string[] = [];
  #givePins: (pins: LivePins | undefined) => void = () => undefined;
  /** The pinned features, once the trainer is about to begin; undefined when it has ended. */
  pins = new Promise<LivePins | undefined>((resolve) => {
    this.#givePins = resolve;
  });
  #checkpointWanted = false;
  #wake: (() => void)[] = [];

  openPins(pins: LivePins): void {
    this.#givePins(pins);
  }
  closePins(): void {
    this.#givePins(undefined);
    this.pins = Promise.resolve(undefined);
  }
  pause(): void {
    if (this.wish === 'run') this.wish = 'pause';
    this.#checkpointWanted = true;
  }
  resume(): void {
    if (this.wish === 'pause') this.wish = 'run';
    this.#ring();
  }
  stop(): void {
    this.wish = 'stop';
    this.#ring();
  }
  checkpoint(): void {
    this.#checkpointWanted = true;
  }
  /** True once a request: the trainer asks before a submit. */
  takeCheckpoint(): boolean {
    const wanted = this.#checkpointWanted;
    this.#checkpointWanted = false;
    return wanted;
  }
  /** Resolves when the wish is no longer 'pause'. */
  async whilePaused(): Promise<void> {
    while (this.wish === 'pause') await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
  #ring(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

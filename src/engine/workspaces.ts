import { WorkbenchError } from '#base/errors.ts';
import type { HookName } from '#model/hooks.ts';
import type { LanguageModel, Workspace } from '#model/model.ts';
import { bucketOf } from '#model/workspace.ts';

/** Sets of buffers that stay; a person moves between a few lengths and views. */
const MAX_WORKSPACES = 6;

export interface WorkspaceWish {
  readonly seq: number;
  readonly keep: readonly HookName[];
  readonly grad?: boolean | undefined;
  /** Another word, other buffers: for two runs that are read together. */
  readonly slot?: string | undefined;
}

/** Workspaces of one model, one prompt at a time, by (bucket, keep, grad); the least recently used is freed. */
export class Workspaces implements Disposable {
  readonly #lm: LanguageModel | undefined;
  readonly #made = new Map<string, Workspace>();
  constructor(lm: LanguageModel | undefined) {
    this.#lm = lm;
  }

  /** Valid until the next `get`; whoever asks holds the scheduler's turn. */
  get(wish: WorkspaceWish): Workspace {
    const lm = this.#lm;
    if (!lm) throw new WorkbenchError('internal', 'workspaces: the model is not on a device');
    const seq = bucketOf(wish.seq, lm.config.n_ctx);
    const key = `${seq} ${wish.slot ?? ''} ${wish.grad ? 'grad' : ''} ${[...wish.keep].sort().join()}`;
    const known = this.#made.get(key);
    this.#made.delete(key);
    const made = known ?? lm.workspace({ batch: 1, seq, keep: wish.keep, ...(wish.grad && { grad: true }) });
    this.#made.set(key, made);
    for (const [old, ws] of this.#made) {
      if (this.#made.size <= MAX_WORKSPACES) break;
      ws[Symbol.dispose]();
      this.#made.delete(old);
    }
    return made;
  }

  [Symbol.dispose](): void {
    for (const ws of this.#made.values()) ws[Symbol.dispose]();
    this.#made.clear();
  }
}

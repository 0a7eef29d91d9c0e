import type { WireError } from '#base/errors.ts';
import { asWireError } from './loadable.ts';

/** The page redraws live charts at most this often, whatever the step rate. */
const FLUSH_MS = 120;

/** What a training call's events, answer and failure do to the store. */
export interface Follower<E, S> {
  /** The run exists: before its start event is applied. */
  begin(start: Extract<E, { readonly type: 'start' }>): void;
  /** The start event is applied. */
  begun(): void;
  apply(events: readonly E[]): void;
  end(summary: S): void;
  /** A cancelled call has no error to show. */
  fail(error: WireError | undefined): void;
}

/** Follows a training call to its end. Events are gathered and applied at most every FLUSH_MS. */
export async function followRun<E extends { readonly type: string }, S>(
  training: AsyncIterable<E> & { readonly result: Promise<S> },
  follower: Follower<E, S>,
): Promise<void> {
  let waiting: E[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const events = waiting;
    waiting = [];
    if (events.length > 0) follower.apply(events);
  };
  try {
    for await (const event of training) {
      waiting.push(event);
      if (event.type === 'start') {
        follower.begin(event as Extract<E, { readonly type: 'start' }>);
        flush();
        follower.begun();
      }
      timer ??= setTimeout(flush, FLUSH_MS);
    }
    const summary = await training.result;
    flush();
    follower.end(summary);
  } catch (thrown) {
    flush();
    follower.fail(asWireError(thrown));
  } finally {
    clearTimeout(timer);
  }
}

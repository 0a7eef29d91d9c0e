import type { ReactNode } from 'react';
import type { Progress } from '#engine/protocol/common.ts';
import { formatBytes, formatCount } from '../plots/numbers.ts';
import type { Loadable as LoadableOf } from '../state/loadable.ts';
import { ErrorNote } from './ErrorNote.tsx';

export interface LoadableProps {
  readonly of: LoadableOf<unknown> | undefined;
  /** What is awaited, as it stands in a sentence: 'the features table', 'feature 12'. */
  readonly what: string;
  /** What stands there while nobody has asked yet; default: nothing. */
  readonly idle?: ReactNode;
  readonly onRetry?: (() => void) | undefined;
}

/** Draws the three states that are not 'ready'; draw the value yourself when it is. */
export function Loadable({ of, what, idle, onRetry }: LoadableProps) {
  if (of === undefined || of.status === 'idle') return idle ?? null;
  if (of.status === 'loading') return <Loading what={what} progress={of.progress} />;
  if (of.status === 'failed') return <ErrorNote error={of.error} onRetry={onRetry} />;
  return null;
}

/** 'Loading model.safetensors 1.2 MiB of 3.4 MiB' with a bar when the total is known. */
export function Loading({
  what,
  progress,
}: {
  readonly what: string;
  readonly progress?: Progress | undefined;
}) {
  const named = progress ? `${progress.what} ${amount(progress)}` : what;
  return (
    <div className="loading" role="status">
      {progress?.total ? (
        <progress aria-label={`Loading ${what}`} max={progress.total} value={progress.done} />
      ) : (
        <progress aria-label={`Loading ${what}`} />
      )}
      <span>Loading {named}</span>
    </div>
  );
}

function amount({ done, total, unit }: Progress): string {
  if (unit === 'bytes') return formatBytes(done) + (total ? ` of ${formatBytes(total)}` : '');
  return `${formatCount(done)}${total ? ` of ${formatCount(total)}` : ''} ${unit}`;
}

import type { WireError } from '#base/errors.ts';
import './components.css';

export interface ErrorNoteProps {
  readonly error: WireError;
  readonly onRetry?: (() => void) | undefined;
  readonly onDismiss?: (() => void) | undefined;
}

/** Cause and next step of a failure; the stack of an internal one is folded. */
export function ErrorNote({ error, onRetry: retry, onDismiss }: ErrorNoteProps) {
  // Asking again cannot bring a device that is not there.
  const onRetry = error.code === 'gpu-unavailable' ? undefined : retry;
  return (
    <div className="note bad" role="alert">
      <p>
        <strong>{error.message}</strong>
      </p>
      {error.hint && <p>{error.hint}</p>}
      {error.code === 'internal' && error.stack && (
        <details>
          <summary>Please report this, with these details</summary>
          <pre>{error.stack}</pre>
        </details>
      )}
      {(onRetry || onDismiss) && (
        <p className="row">
          {onRetry && (
            <button type="button" onClick={onRetry}>
              Try again
            </button>
          )}
          {onDismiss && (
            <button type="button" onClick={onDismiss}>
              Dismiss
            </button>
          )}
        </p>
      )}
    </div>
  );
}

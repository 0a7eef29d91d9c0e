import { ErrorNote } from '#ui/components/ErrorNote.tsx';
import { useApp } from '#ui/state/store.ts';

/** Why the last run could not be started or the last button failed. */
export function Failure() {
  const error = useApp((s) => s.trainError);
  const dismiss = useApp((s) => s.dismissTrainError);
  return error ? <ErrorNote error={error} onDismiss={dismiss} /> : null;
}

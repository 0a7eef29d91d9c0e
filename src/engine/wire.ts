import { type WireError, WorkbenchError } from '#base/errors.ts';

/** Any failure as it crosses to the page: WorkbenchErrors as they are, aborts as 'cancelled', the rest as 'internal'. */
export function toWire(error: unknown): WireError {
  if (error instanceof WorkbenchError) return error.toWire();
  if (error instanceof DOMException && error.name === 'AbortError')
    return new WorkbenchError('cancelled', 'The request was cancelled.').toWire();
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const hint = 'Reload the page; if it stays, please report it.';
  return { code: 'internal', message, hint, ...(stack && { stack }) };
}

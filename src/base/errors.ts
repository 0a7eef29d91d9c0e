/** Every failure that a person or another module may have to act on. */
export type ErrorCode =
  | 'gpu-unavailable'
  | 'device-lost'
  | 'out-of-memory'
  | 'kernel'
  | 'shape'
  | 'format'
  | 'unsupported-model'
  | 'storage'
  | 'share-link'
  | 'cancelled'
  | 'internal';

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
}

export class WorkbenchError extends Error {
  override readonly name = 'WorkbenchError';
  readonly code: ErrorCode;
  /** One sentence that tells the person what to do next; shown in the UI. */
  readonly hint: string | undefined;
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint && { hint: this.hint }),
      ...(this.stack && { stack: this.stack }),
    };
  }
  static fromWire(w: WireError): WorkbenchError {
    const e = new WorkbenchError(w.code, w.message, w.hint === undefined ? {} : { hint: w.hint });
    if (w.stack) e.stack = w.stack;
    return e;
  }
}

export function unreachable(value: never): never {
  throw new WorkbenchError('internal', `unreachable: ${JSON.stringify(value)}`);
}

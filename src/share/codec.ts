import type { WorkbenchError } from '#base/errors.ts';
import type { ViewRef } from './view_ref.ts';

/** A link, and one sentence when something had to be left out of it. */
export interface EncodedView {
  /** '#/v1/<view>?…', keys sorted, so equal views give equal links. */
  readonly hash: string;
  readonly note?: string | undefined;
}
export type DecodedView =
  | { readonly ok: true; readonly view: ViewRef }
  | { readonly ok: false; readonly error: WorkbenchError };

export declare function encodeView(view: ViewRef): EncodedView;
export declare function decodeView(hash: string): DecodedView;

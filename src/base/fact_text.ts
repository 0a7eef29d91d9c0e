/** Text as token windows, with every ground-truth fact that holds at each token: what the truth lens measures on. */
export interface FactText {
  /** Rows of equal length that begin with BOS. */
  readonly windows: readonly Uint32Array[];
  /** [T] places of the tokens that count, row · length + position, in order; BOS is not among them. */
  readonly tokens: Uint32Array;
  /** [T] number of the document that a token is in. */
  readonly document: Uint32Array;
  /** [T + 1]: token t has facts[factStart[t] .. factStart[t + 1]). */
  readonly factStart: Uint32Array;
  readonly facts: Uint32Array;
  /** Facts by number, as 'variable=value'. */
  readonly names: readonly string[];
}

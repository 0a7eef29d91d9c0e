/** The shape of a reference to a paper. */
export interface Citation {
  readonly key: string;
  readonly title: string;
  readonly year: number;
  readonly url: string;
}

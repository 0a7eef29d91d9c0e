/** Runs slow work to its end and drops its progress. */
export async function drain<T>(work: AsyncGenerator<unknown, T, void>): Promise<T> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}

/** The `train` view; draws the store. */
export function TrainView() {
  return <section aria-label="train" />;
}

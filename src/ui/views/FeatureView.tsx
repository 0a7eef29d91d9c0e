/** The `feature` view; draws the store. */
export function FeatureView() {
  return <section aria-label="feature" />;
}

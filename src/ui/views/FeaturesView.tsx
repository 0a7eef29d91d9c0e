/** The `features` view; draws the store. */
export function FeaturesView() {
  return <section aria-label="features" />;
}

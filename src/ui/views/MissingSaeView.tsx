/** Stands in for a view whose SAE this device lacks: the card of the link, read-only, and the reason. */
export function MissingSaeView() {
  return <div className="view" />;
}

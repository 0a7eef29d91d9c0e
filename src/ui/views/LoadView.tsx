/** Models, SAEs and storage of this device. */
export function LoadView() {
  return <div className="view" />;
}

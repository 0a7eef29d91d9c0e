/** The prompt explorer. */
export function PromptView() {
  return <div className="view" />;
}

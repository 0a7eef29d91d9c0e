/** What the fills and frames of the token rows and of the matrix mean; always on, since other tools use other colours. */
export function Legend({ hasDfa }: { readonly hasDfa: boolean }) {
  return (
    <span className="legend">
      <span>
        <span className="swatch act" /> act
      </span>
      {hasDfa && (
        <>
          <span>
            <span className="swatch dfa" /> source adds
          </span>
          <span>
            <span className="swatch neg" /> source takes away (hatched)
          </span>
          <span>
            <span className="swatch frame-act" /> strongest source
          </span>
        </>
      )}
      <span>
        <span className="swatch frame-dfa" /> destination
      </span>
    </span>
  );
}

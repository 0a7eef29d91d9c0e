/** Where a pointer event is inside the element that handles it, CSS pixels from its top left corner. */
export function pointerAt(e: {
  readonly clientX: number;
  readonly clientY: number;
  readonly currentTarget: Element;
}): { readonly x: number; readonly y: number } {
  const box = e.currentTarget.getBoundingClientRect();
  return { x: e.clientX - box.left, y: e.clientY - box.top };
}

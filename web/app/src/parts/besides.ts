/** What a menu of an element opens beside: of a message, which is as wide as the list, its bubble. */
export function besides(element: HTMLElement | null): Element | null {
  return element?.querySelector(".bubble") ?? element;
}

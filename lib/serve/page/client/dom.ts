// Elements made by hand: text is text, whatever it says.
export type Child = Node | string | number | null | undefined | false;

type Props = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;

/** `on…` listens, true is an attribute without a value; false and undefined leave it out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...nodesOf(children));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(
  tag: string,
  props: Readonly<Record<string, string | number>> = {},
  ...children: readonly Child[]
): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, String(value));
  element.append(...nodesOf(children));
  return element;
}

const nodesOf = (children: readonly Child[]): (Node | string)[] =>
  children.flatMap((child) => {
    if (child === null || child === undefined || child === false || child === '') return [];
    return typeof child === 'number' ? String(child) : child;
  });

/** The one with this id; the page has it. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** Puts children in, and gives the focus back to the one with the same `data-key`. */
export function fill(element: Element, ...children: readonly Child[]): void {
  const focused = document.activeElement;
  const key = focused && element.contains(focused) ? focused.getAttribute('data-key') : null;
  element.replaceChildren(...nodesOf(children));
  if (key === null) return;
  const again = [...element.querySelectorAll<HTMLElement>('[data-key]')].find(
    (one) => one.getAttribute('data-key') === key,
  );
  (again ?? element.closest<HTMLElement>('[tabindex]'))?.focus({ preventScroll: true });
}

/** Sets text only where it is another, so that what is selected or read aloud stays. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

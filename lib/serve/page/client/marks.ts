// The marks of a slot's states: colour and shape, so that neither is needed alone. Draws on a canvas.
import type { CellWord } from '../shown.js';

export interface Colours {
  readonly serving: string;
  readonly down: string;
  readonly drain: string;
  readonly maintenance: string;
  readonly free: string;
  readonly ink: string;
  readonly accent: string;
  readonly differs: string;
  readonly surface: string;
}

/** Of the theme that holds now. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    serving: of('serving'),
    down: of('down'),
    drain: of('drain'),
    maintenance: of('maintenance'),
    free: of('free'),
    ink: of('ink'),
    accent: of('accent'),
    differs: of('differs'),
    surface: of('surface'),
  };
}

/** In a square of `size` at (x, y). */
export function drawMark(
  context: CanvasRenderingContext2D,
  word: CellWord | 'unknown',
  [x, y, size]: readonly [number, number, number],
  colours: Colours,
): void {
  const line = Math.max(1, size / 7);
  const box = (inset: number): void => {
    context.beginPath();
    context.roundRect(
      x + inset,
      y + inset,
      size - 2 * inset,
      size - 2 * inset,
      Math.max(1, size / 5 - inset),
    );
  };
  const middle = size / 2;
  context.lineWidth = line;
  switch (word) {
    case 'serving':
      context.fillStyle = colours.serving;
      box(0);
      context.fill();
      return;
    case 'weight-0':
      context.strokeStyle = colours.serving;
      box(line / 2);
      context.stroke();
      return;
    case 'drain':
      context.strokeStyle = context.fillStyle = colours.drain;
      box(line / 2);
      context.stroke();
      context.beginPath();
      context.moveTo(x + line / 2, y + size - line / 2);
      context.lineTo(x + size - line / 2, y + line / 2);
      context.lineTo(x + size - line / 2, y + size - line / 2);
      context.closePath();
      context.fill();
      return;
    case 'maintenance':
      context.strokeStyle = context.fillStyle = colours.maintenance;
      box(line / 2);
      context.stroke();
      context.fillRect(x + size * 0.25, y + middle - line / 2, size * 0.5, line);
      return;
    case 'down':
      context.fillStyle = colours.down;
      context.beginPath();
      context.moveTo(x + middle, y - size * 0.12);
      context.lineTo(x + size * 1.12, y + middle);
      context.lineTo(x + middle, y + size * 1.12);
      context.lineTo(x - size * 0.12, y + middle);
      context.closePath();
      context.fill();
      return;
    case 'free':
      context.fillStyle = colours.free;
      context.beginPath();
      context.arc(x + middle, y + middle, Math.max(1, size / 7), 0, 7);
      context.fill();
      return;
    case 'unknown':
      context.strokeStyle = colours.free;
      context.beginPath();
      context.moveTo(x + size * 0.3, y + size * 0.3);
      context.lineTo(x + size * 0.7, y + size * 0.7);
      context.stroke();
  }
}

/** The next run does something here. */
export function drawPending(
  context: CanvasRenderingContext2D,
  [x, y, size]: readonly [number, number, number],
  { accent, surface }: Colours,
): void {
  const reach = size * 0.55;
  context.fillStyle = accent;
  context.strokeStyle = surface;
  context.lineWidth = Math.max(1, size / 10);
  context.beginPath();
  context.moveTo(x + size - reach, y);
  context.lineTo(x + size, y);
  context.lineTo(x + size, y + reach);
  context.closePath();
  context.fill();
  context.stroke();
}

export function drawRing(
  context: CanvasRenderingContext2D,
  [x, y, size]: readonly [number, number, number],
  colour: string,
  width: number,
): void {
  const gap = width;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.roundRect(x - gap, y - gap, size + 2 * gap, size + 2 * gap, Math.max(2, size / 4));
  context.stroke();
}

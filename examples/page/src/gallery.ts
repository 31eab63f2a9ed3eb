import { digitCanvas, drawDigit } from './digits.ts';
import { element, make } from './dom.ts';
import type { Ability, Images, Pictures } from './messages.ts';

const words: Readonly<Record<Ability, { readonly title: string; readonly note: string }>> = {
  recognise: { title: 'Test digits', note: 'Under each, what the network takes it for. Mistakes are marked.' },
  redraw: {
    title: 'Reconstructions',
    note: 'Above, digits from the test set; below, what is left of them after 64 numbers.',
  },
  generate: {
    title: 'Generated digits',
    note: 'Drawn from noise: always the same noise, so that they can be watched.',
  },
};

/** A place for one digit: its picture, perhaps a second, and a word. */
interface Cell {
  readonly box: HTMLElement;
  readonly above: HTMLCanvasElement;
  readonly below: HTMLCanvasElement;
  readonly word: HTMLElement;
}

/** What there is to see while a model learns. */
export class Gallery {
  readonly #title = element('gallery-title', HTMLElement);
  readonly #note = element('gallery-note', HTMLElement);
  readonly #place = element('pictures', HTMLElement);
  #cells: readonly Cell[] = [];

  /** Before there is anything to see. */
  clear(ability: Ability, count = 24): void {
    this.#title.textContent = words[ability].title;
    this.#note.textContent = words[ability].note;
    this.#place.dataset.kind = ability;
    this.#cells = Array.from({ length: count }, makeCell);
    this.#place.replaceChildren(...this.#cells.map(({ box }) => box));
  }

  show(pictures: Pictures): void {
    if (this.#cells.length !== pictures.images.count) this.clear(pictures.kind, pictures.images.count);
    this.#cells.forEach(({ box, above, below, word }, i) => {
      drawDigit(above, pixelsOf(pictures.images, i), pictures.images.size);
      if (pictures.kind === 'redraw') drawDigit(below, pixelsOf(pictures.redrawn, i), pictures.redrawn.size);
      if (pictures.kind !== 'recognise') return;
      const [label, guess] = [pictures.labels[i], pictures.guesses[i]];
      box.classList.toggle('wrong', label !== guess);
      word.textContent = label === guess ? String(guess) : `×${guess}`;
      box.setAttribute('aria-label', `A ${label}, taken for ${guess}`);
    });
  }
}

const pixelsOf = ({ data, size }: Images, i: number): Float32Array =>
  data.subarray(i * size * size, (i + 1) * size * size);

function makeCell(): Cell {
  const [above, below] = [digitCanvas(), digitCanvas()];
  below.classList.add('below');
  const word = make('span', 'word', '\u2007');
  const box = make('div', 'cell', above, below, word);
  box.setAttribute('role', 'img');
  box.setAttribute('aria-label', 'A digit');
  return { box, above, below, word };
}

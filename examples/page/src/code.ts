import { element } from './dom.ts';
import type { CodeForm } from './messages.ts';

const whole = new Intl.NumberFormat('en');

/** Shows the step as it is compiled. `ask` has its text sent. */
export class Code {
  readonly #text = element('code-text', HTMLPreElement);
  readonly #size = element('code-size', HTMLElement);
  readonly #buttons = [...document.querySelectorAll<HTMLButtonElement>('#code button[data-form]')];
  #open: CodeForm | null = null;

  constructor(ask: (form: CodeForm) => void) {
    for (const button of this.#buttons) {
      button.addEventListener('click', () => {
        const form = button.dataset.form as CodeForm;
        const open = this.#open === form ? null : form;
        this.#close();
        if (open === null) return;
        this.#open = open;
        button.setAttribute('aria-expanded', 'true');
        this.#size.textContent = 'Being written…';
        ask(open);
      });
    }
    this.clear();
  }

  /** There is no step to show. */
  clear(): void {
    this.#close();
    for (const button of this.#buttons) button.disabled = true;
    this.#size.textContent = 'There when training has begun.';
  }

  begin(): void {
    for (const button of this.#buttons) button.disabled = false;
    if (this.#open === null) this.#size.textContent = '';
  }

  show(form: CodeForm, text: string): void {
    if (form !== this.#open) return;
    this.#text.textContent = text;
    this.#text.hidden = false;
    this.#size.textContent = `${whole.format(text.split('\n').length)} lines`;
  }

  #close(): void {
    this.#open = null;
    this.#text.hidden = true;
    this.#text.textContent = '';
    this.#size.textContent = '';
    for (const button of this.#buttons) button.setAttribute('aria-expanded', 'false');
  }
}

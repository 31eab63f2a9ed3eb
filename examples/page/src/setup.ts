import { wasmWords, whyNoWebGpu } from './devices.ts';
import type { DeviceName } from './devices.ts';
import { element, make } from './dom.ts';
import type { Ability } from './messages.ts';

/** The models to choose from, in words. The worker has them; here is what the page says of them. */
export const modelWords: Readonly<
  Record<string, { readonly title: string; readonly about: string; readonly ability: Ability; readonly score: string }>
> = {
  cnn: { title: 'Convolutional network', about: 'Recognises digits', ability: 'recognise', score: 'accuracy' },
  rnn: { title: 'Recurrent network', about: 'Reads digits row by row', ability: 'recognise', score: 'accuracy' },
  autoencoder: { title: 'Autoencoder', about: 'Draws digits again from 64 numbers', ability: 'redraw', score: 'mse' },
  gan: { title: 'Adversarial networks', about: 'Draw new digits', ability: 'generate', score: 'real' },
};

const deviceWords: Readonly<Record<DeviceName, string>> = { webgpu: 'WebGPU', wasm: 'WebAssembly' };

/** The form: which model, and where. */
export class Setup {
  readonly #form = element('setup', HTMLFormElement);
  readonly #fieldsets = [...this.#form.querySelectorAll('fieldset')];
  readonly #note = element('gpu-note', HTMLElement);

  /** `wanted` says what is chosen at first. `onModel` hears of every choice of a model. */
  constructor(
    wanted: { readonly model: string | null; readonly device: string | null },
    onModel: (model: string) => void,
  ) {
    const models = Object.entries(modelWords).map(([name, { title, about }]) => choice('model', name, title, about));
    element('models', HTMLElement).replaceChildren(...models);
    const devices = Object.entries(deviceWords).map(([name, title]) => choice('device', name, title, '\u00a0'));
    element('devices', HTMLElement).replaceChildren(...devices);
    this.#choose('model', wanted.model !== null && wanted.model in modelWords ? wanted.model : 'cnn');
    this.#choose('device', 'wasm');
    this.#about('wasm', wasmWords());
    this.#form.addEventListener('change', () => onModel(this.model));
  }

  get model(): string {
    return this.#chosen('model');
  }

  get device(): DeviceName {
    return this.#chosen('device') as DeviceName;
  }

  /** Finds out whether there is WebGPU, which is then chosen unless another device is wanted. */
  async findWebGpu(wanted: string | null): Promise<void> {
    const missing = await whyNoWebGpu();
    this.#about('webgpu', missing === null ? 'The graphics processor' : 'Not available');
    this.#input('device', 'webgpu').disabled = missing !== null;
    if (missing === null && wanted !== 'wasm') this.#choose('device', 'webgpu');
    this.#note.hidden = missing === null;
    this.#note.textContent =
      missing === null ? '' : `${missing} Training runs on the processor instead, by WebAssembly.`;
  }

  /** While a training is there, another one can't be chosen. */
  lock(locked: boolean): void {
    for (const fieldset of this.#fieldsets) fieldset.disabled = locked;
  }

  #chosen(name: string): string {
    // The form's own data leave out what is locked.
    return this.#form.querySelector<HTMLInputElement>(`input[name=${name}]:checked`)?.value ?? '';
  }

  #choose(name: string, value: string): void {
    this.#input(name, value).checked = true;
  }

  #about(device: DeviceName, text: string): void {
    const about = this.#input('device', device).labels?.[0]?.querySelector('.about');
    if (about !== null && about !== undefined) about.textContent = text;
  }

  #input(name: string, value: string): HTMLInputElement {
    return element(`${name}-${value}`, HTMLInputElement);
  }
}

/** One of several things to choose from. */
function choice(name: string, value: string, title: string, about: string): HTMLElement {
  const input = make('input', '');
  Object.assign(input, { type: 'radio', name, value, id: `${name}-${value}` });
  return make('label', 'choice', input, make('span', 'title', title), make('span', 'about', about));
}

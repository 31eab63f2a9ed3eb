import { Code } from './code.ts';
import { Dashboard } from './dashboard.ts';
import { element } from './dom.ts';
import { Drawing } from './drawing.ts';
import { Gallery } from './gallery.ts';
import type { Job, Report, Request } from './messages.ts';
import { Setup, modelWords } from './setup.ts';

/**
 * The page: what is pressed goes to the worker, what the worker reports is shown. Its address may say what to train:
 * `?model=rnn&device=wasm`, and for a short look `&train=1000&test=200&steps=50&batch=32`.
 */
const asked = new URLSearchParams(location.search);

const count = (name: string): number | null => {
  const n = Number(asked.get(name));
  return Number.isInteger(n) && n > 0 ? n : null;
};

/** What the training is doing. */
type State = 'none' | 'starting' | 'running' | 'paused' | 'finished' | 'failed';

const run = element('run', HTMLButtonElement);
const reset = element('reset', HTMLButtonElement);
const status = element('status', HTMLElement);
const failure = element('failure', HTMLElement);
const dashboard = new Dashboard();
const gallery = new Gallery();
const code = new Code((form) => send({ kind: 'code', form }));
const drawing = new Drawing({
  look: (pixels) => send({ kind: 'look', pixels }),
  sample: () => send({ kind: 'sample' }),
});
const setup = new Setup({ model: asked.get('model'), device: asked.get('device') }, clearFor);

let worker: Worker | null = null;
let state: State = 'none';
/** Where it trains, in words. */
let where = '';

function send(request: Request): void {
  worker?.postMessage(request);
}

const runTexts: Readonly<Record<State, string>> = {
  none: 'Train',
  starting: 'Pause',
  running: 'Pause',
  paused: 'Continue',
  finished: 'Train',
  failed: 'Train',
};

function enter(next: State, text: string): void {
  state = next;
  status.textContent = text;
  run.textContent = runTexts[next];
  run.disabled = next === 'starting' || next === 'finished' || next === 'failed';
  reset.disabled = next === 'none';
  setup.lock(next !== 'none');
  document.body.dataset.state = next;
}

/** Empties the page for a training of a model. */
function clearFor(model: string): void {
  const { ability, score } = modelWords[model] ?? { ability: 'recognise', score: 'accuracy' };
  dashboard.clear(score);
  gallery.clear(ability);
  drawing.clear(ability);
}

function start(): void {
  const job: Job = {
    model: setup.model,
    device: setup.device,
    data: new URL('mnist', document.baseURI).href,
    trainSize: count('train'),
    testSize: count('test'),
    batchSize: count('batch'),
    steps: count('steps'),
  };
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<Report>) => receive(data));
  worker.addEventListener('error', (event) => fail(event.message || 'The worker that trains could not be loaded.'));
  enter('starting', 'Starting…');
  send({ kind: 'start', job });
}

function startOver(): void {
  worker?.terminate();
  worker = null;
  failure.hidden = true;
  code.clear();
  clearFor(setup.model);
  enter('none', 'Choose a model and press Train.');
}

function fail(text: string): void {
  failure.textContent = `Training has stopped. ${text}`;
  failure.hidden = false;
  enter('failed', 'Stopped by an error. Start over to train again.');
}

function receive(report: Report): void {
  switch (report.kind) {
    case 'doing':
      status.textContent = report.text;
      return;
    case 'started':
      where = report.device;
      return dashboard.begin(report);
    case 'steps':
      return dashboard.addSteps(report);
    case 'scores':
      if (state === 'starting') {
        enter('running', `Training on ${where}.`);
        drawing.begin();
        code.begin();
      } else {
        drawing.askAgain();
      }
      if (report.pictures !== null) gallery.show(report.pictures);
      return dashboard.addScores(report);
    case 'finished':
      return enter('finished', `Trained on ${where}.`);
    case 'probabilities':
      return drawing.showProbabilities(report.values);
    case 'redrawn':
      return drawing.showRedrawn(report.pixels);
    case 'sample':
      return drawing.showSample(report.pixels);
    case 'code':
      return code.show(report.form, report.text);
    case 'failed':
      return fail(report.text);
  }
}

element('setup', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  if (state === 'none') start();
  else if (state === 'running') {
    send({ kind: 'pause' });
    enter('paused', `Paused. What is learned stays: draw a digit, or continue.`);
  } else if (state === 'paused') {
    send({ kind: 'continue' });
    enter('running', `Training on ${where}.`);
  }
});
reset.addEventListener('click', startOver);

clearFor(setup.model);
enter('none', 'Choose a model and press Train.');
void setup.findWebGpu(asked.get('device'));

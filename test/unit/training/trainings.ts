import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { models } from '../../../examples/models/index.ts';
import { main } from '../../../examples/training/command.ts';
import { recordingStreams } from './fake.ts';

/** The trainings that every device and every resumption must do right: the arguments of the command. */
export const trainings: readonly string[] = [
  'cnn',
  'rnn',
  'rnn --cell lstm',
  'rnn --cell gru --layers 2',
  'autoencoder',
  'gan',
  'gan --plain',
];

/** What a training came to. */
export interface Trained {
  readonly code: number;
  readonly stderr: string;
  /** The training losses of each step, by name. */
  readonly losses: readonly Readonly<Record<string, number>>[];
  readonly checkpoint: Buffer;
}

/**
 * Runs the command in this process, on the first images of MNIST, into a folder.
 *
 * @param stopAt asks the training to stop when it has told of this step
 */
export async function runTraining(folder: string, args: string, stopAt?: number): Promise<Trained> {
  const streams = recordingStreams();
  if (stopAt !== undefined) {
    const { stdout } = streams;
    const write = stdout.write.bind(stdout);
    stdout.write = (text: string) => {
      if (text.includes(`step ${stopAt}/`)) process.emit('SIGINT');
      return write(text);
    };
  }
  const size = args.includes('--resume') ? [] : ['--train-size', '640', '--seed', '5'];
  const general = ['--test-size', '20', '--log-every', '1', '--out', folder];
  const code = await main([...args.split(' '), ...size, ...general], models, streams);
  const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  const parsed = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return {
    code,
    stderr: streams.text('stderr'),
    losses: parsed.flatMap(({ kind, step: _, epoch: __, stepsPerSecond: ___, ...losses }) =>
      kind === 'train' ? [losses as Readonly<Record<string, number>>] : [],
    ),
    checkpoint: await readFile(join(folder, 'checkpoint.safetensors')),
  };
}

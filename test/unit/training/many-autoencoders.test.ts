import { expect, test } from 'vitest';
import { trainMany } from '../../../examples/many-autoencoders.ts';

test('sixteen autoencoders train at once, and the best comes first', { timeout: 120_000 }, async () => {
  const lines: string[] = [];
  const results = await trainMany({ epochs: 1, images: 2560 }, (line) => lines.push(line));
  expect(lines).toHaveLength(1);
  expect(lines[0]?.split(' ').slice(3)).toHaveLength(16);
  expect(results).toHaveLength(16);
  const errors = results.map(({ mse }) => mse);
  expect(errors).toEqual([...errors].sort((a, b) => a - b));
  // Ten steps: the smallest rates have hardly begun, and the mean of all pixels alone comes to 0.067.
  expect(errors[0]).toBeLessThan(0.067);
  expect(results.findIndex(({ learningRate }) => learningRate < 5e-5)).toBeGreaterThan(8);
  expect(results[0]?.learningRate).toBeGreaterThan(1e-3);
});

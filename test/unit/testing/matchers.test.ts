import { expect, test } from 'vitest';
import type { NDArray } from '../../../src/index.ts';
import { makeJaxpr, numpy as np, stopGradient } from '../../../src/index.ts';
import { matchers } from '../../../src/testing/vitest/index.ts';

expect.extend(matchers);

test('close arrays and trees', async () => {
  await expect(np.array([1, 2])).toBeAllclose([1, 2.000001]);
  await expect({ a: np.array(1) }).toBeAllclose({ a: np.array(1) });
  await expect(np.array([1, 2])).not.toBeAllclose([1, 3]);
  await expect(expect(np.array([1, 2])).toBeAllclose([1, 3])).rejects.toThrow('differs at [1]: 2, expected 3');
  await expect(expect(np.array([1, 2])).not.toBeAllclose([1, 2])).rejects.toThrow(
    'the arrays are close, and should not be',
  );
});

test('correct gradients', async () => {
  await expect((x: NDArray) => np.tanh(x)).toHaveCorrectGradients([np.array([0.1, 0.2])], { order: 2 });
  const stopped = (x: NDArray): NDArray => stopGradient(x).mul(x);
  await expect(stopped).not.toHaveCorrectGradients([np.array([1, 2])]);
  await expect(expect(stopped).toHaveCorrectGradients([np.array([1, 2])])).rejects.toThrow(
    'to blame: stopGradient, through which no tangent passes',
  );
});

test('what was left out is told, and where all was, there is no verdict', async () => {
  const abs = (x: NDArray): NDArray => np.abs(x).add(np.array([0, 0, 1e16], { dtype: 'f64' }));
  await expect(expect(abs).not.toHaveCorrectGradients([np.array([1, 0, 1])])).rejects.toThrow(
    'the gradients are correct, and should not be (2 compared, 2 left out at kinks, 2 lost in rounding)',
  );
  const compared = 'checkGrads of the function has compared no derivative: 2 are at kinks';
  await expect(expect((x: NDArray) => np.abs(x)).toHaveCorrectGradients([np.array([0])])).rejects.toThrow(compared);
  await expect(expect((x: NDArray) => np.abs(x)).not.toHaveCorrectGradients([np.array([0])])).rejects.toThrow(compared);
});

test('what is no verdict is thrown', async () => {
  const failing = (): NDArray => {
    throw new TypeError('a fault of the function');
  };
  await expect(expect(failing).not.toHaveCorrectGradients([])).rejects.toThrow('a fault of the function');
  const misused = (x: NDArray): NDArray => x.add(np.ones([3]));
  await expect(expect(misused).not.toHaveCorrectGradients([np.ones([2])])).rejects.toThrow('do not broadcast');
});

test('printed Jaxprs', () => {
  const jaxpr = makeJaxpr((x: NDArray) => np.sin(x))(np.array([1, 2]));
  expect(jaxpr).toMatchJaxpr(`
    { lambda ; a:f32[2]. let
        b:f32[2] = sin a
      in (b,) }
  `);
  expect(jaxpr).not.toMatchJaxpr('{ lambda ; a:f32[2]. let in (a,) }');
  expect(() => expect(jaxpr).toMatchJaxpr('{ lambda ; . let in () }')).toThrow(
    'the Jaxpr is\n{ lambda ; a:f32[2]. let\nb:f32[2] = sin a',
  );
});

import { describe, expect, test } from 'vitest';
import { numpy as np, optim, PullbackError } from '../../src/index.ts';

/** What optimizers say of bad input: what was called, what it got, what it needs. */

const params = { w: np.ones([2]), b: np.ones([]) };
const grads = { w: np.array([1, 2]), b: np.array(3) };

/** An update of a fresh state, without parameters. */
const alone = (t: optim.GradientTransformation) => () => t.update(grads, t.init(params));
const zeros = () => optim.setToZero();

interface Mistake {
  readonly what: string;
  readonly make: () => unknown;
  readonly code: string;
  readonly says: readonly string[];
}

const mistakes: readonly Mistake[] = [
  {
    what: 'a learning rate that is a string',
    make: () => optim.adam('1e-3' as unknown as number),
    code: 'invalid-argument',
    says: [
      '[optim.scaleByLearningRate] the learning rate must be a number, a scalar array or a schedule; got a string',
    ],
  },
  {
    what: 'decay of weights without parameters',
    make: alone(optim.adamw(0.1)),
    code: 'invalid-argument',
    says: ['[optim.addDecayedWeights] needs the parameters: update(updates, state, params)'],
  },
  {
    what: 'adaptive clipping without parameters',
    make: alone(optim.adaptiveGradClip(0.1)),
    code: 'invalid-argument',
    says: ['[optim.adaptiveGradClip] needs the parameters'],
  },
  {
    what: 'the state of another chain',
    make: () => optim.adam(0.1).update(grads, []),
    code: 'invalid-argument',
    says: ['[optim.chain] a chain of 2 got a state of 0: call init'],
  },
  {
    what: 'the state of another named chain',
    make: () => optim.namedChain(['a', zeros()], ['b', zeros()]).update(grads, { a: null }),
    code: 'invalid-argument',
    says: ['[optim.namedChain] the state has no "b", only {a}: call init'],
  },
  {
    what: 'a name twice in a chain',
    make: () => optim.namedChain(['a', zeros()], ['a', zeros()]),
    code: 'invalid-argument',
    says: ['[optim.namedChain] the name "a" is there twice'],
  },
  {
    what: 'a mask without some parameter',
    make: () => optim.masked(zeros(), { w: true }).init(params),
    code: 'tree-mismatch',
    says: ['[optim.masked] the mask does not fit the parameters at params: needs a boolean, or an object with keys {b, w}, got an object with keys {w}'], // prettier-ignore
  },
  {
    what: 'a mask with something else than booleans',
    make: () => optim.masked(zeros(), { w: true, b: 1 as unknown as boolean }).init(params),
    code: 'tree-mismatch',
    says: ['[optim.masked] the mask does not fit the parameters at params.b: needs a boolean, got 1'],
  },
  {
    what: 'a mask deeper than the parameters',
    make: () => optim.masked(zeros(), { w: [true, false], b: true }).init(params),
    code: 'tree-mismatch',
    says: ['at params.w: needs a boolean, got a tuple of 2'],
  },
  {
    what: 'a label without a transformation',
    make: () => optim.partition({ a: zeros(), c: zeros() }, { w: 'a', b: 'z' }).init(params),
    code: 'invalid-argument',
    says: ['[optim.partition] the label "z" has no transformation: there are {a, c}'],
  },
  {
    what: 'labels that do not fit',
    make: () => optim.partition({ a: zeros() }, { w: 'a' }).init(params),
    code: 'tree-mismatch',
    says: ['[optim.partition] paramLabels does not fit the parameters at params: needs a label'],
  },
  {
    what: 'boundaries that fall',
    make: () => optim.joinSchedules([1, 2, 3].map(optim.constantSchedule), [10, 5]),
    code: 'invalid-argument',
    says: ['[optim.joinSchedules] boundaries must rise, but 5 comes after 10'],
  },
  {
    what: 'too many boundaries',
    make: () => optim.joinSchedules([optim.constantSchedule(1)], [10]),
    code: 'invalid-argument',
    says: ['[optim.joinSchedules] 1 schedules need 0 boundaries between them, got 1'],
  },
  {
    what: 'a cosine of no steps',
    make: () => optim.cosineDecaySchedule(1, 0),
    code: 'invalid-argument',
    says: ['[optim.cosineDecaySchedule] decaySteps must be positive, got 0'],
  },
  {
    what: 'a warm-up that is longer than the whole',
    make: () => optim.warmupCosineDecaySchedule(0, 1, 100, 50),
    code: 'invalid-argument',
    says: ['decaySteps counts the warm-up too, and must be more than warmupSteps: got 50 and 100'],
  },
  {
    what: 'a negative factor',
    make: () => optim.piecewiseConstantSchedule(1, { 10: -1 }),
    code: 'invalid-argument',
    says: ['[optim.piecewiseConstantSchedule]', 'factors of 0 or more', 'got -1 at 10'],
  },
  {
    what: 'one cycle of no steps',
    make: () => optim.linearOnecycleSchedule(0, 1),
    code: 'invalid-argument',
    says: ['[optim.linearOnecycleSchedule] transitionSteps must be positive, got 0'],
  },
  {
    what: 'accumulation over half a step',
    make: () => optim.multiSteps(zeros(), 0.5),
    code: 'invalid-argument',
    says: ['[optim.multiSteps] everyK must be an integer, 1 or more; got 0.5'],
  },
  {
    what: 'a decision to skip that is no bool',
    make: alone(optim.multiSteps(zeros(), 2, { shouldSkipUpdateFn: () => [np.ones([2]), null] })),
    code: 'invalid-argument',
    says: ['[optim.multiSteps] shouldSkipUpdateFn must give a bool scalar, got f32[2]'],
  },
  {
    what: 'an injected argument without a name',
    make: () => optim.injectHyperparams((a: number, b: number) => optim.scale(a + b))(1, 2),
    code: 'invalid-argument',
    says: ['[optim.injectHyperparams] argument 1 has no name', '{ names: ["learningRate", "…"] }'],
  },
  {
    what: 'gradients of examples without examples',
    make: () => optim.perExampleGlobalNormClip(grads, 1),
    code: 'invalid-argument',
    says: ['[optim.perExampleGlobalNormClip]', 'got f32[], f32[2]', 'vmap(grad(loss), [null, 0])'],
  },
  {
    what: 'a loss that is not told',
    make: alone(optim.reduceOnPlateau()),
    code: 'invalid-argument',
    says: ['[optim.reduceOnPlateau] needs the loss at the parameters: update(updates, state, params, { value: … })'],
  },
  {
    what: 'a search along a line without a function',
    make: () => {
      const optimizer = optim.lbfgs();
      return optimizer.update(grads, optimizer.init(params), params, { value: np.array(1), grad: grads });
    },
    code: 'invalid-argument',
    says: ['[optim.scaleByZoomLinesearch] needs the loss as a function of parameters', 'and got {value, grad}'],
  },
  {
    what: 'a plateau of a factor that grows',
    make: () => optim.reduceOnPlateau({ factor: 2 }),
    code: 'invalid-argument',
    says: ['[optim.reduceOnPlateau] factor must be between 0 and 1, got 2'],
  },
  {
    what: 'a memory of nothing',
    make: () => optim.scaleByLbfgs({ memorySize: 0 }),
    code: 'invalid-argument',
    says: ['[optim.scaleByLbfgs] memorySize must be an integer, 1 or more; got 0'],
  },
  {
    what: 'sharpness over half a step',
    make: () => optim.sam(zeros(), zeros(), { syncPeriod: 0.5 }),
    code: 'invalid-argument',
    says: ['[optim.sam] syncPeriod must be an integer, 1 or more; got 0.5'],
  },
  {
    what: 'sharpness at once without a function',
    make: () => {
      const optimizer = optim.sam(zeros(), zeros(), { opaqueMode: true });
      return optimizer.update(grads, optimizer.init(params), params);
    },
    code: 'invalid-argument',
    says: ['[optim.sam] needs the gradient as a function of parameters', '{ gradFn: … }'],
  },
  {
    what: 'looking ahead with one copy of parameters',
    make: () => {
      const optimizer = optim.lookahead(zeros(), 2, 0.5);
      return optimizer.update(grads, optimizer.init(params), params as never);
    },
    code: 'invalid-argument',
    says: ['[optim.lookahead] needs both copies of the parameters: lookaheadParams(params) makes them'],
  },
  {
    what: 'orthogonal vectors',
    make: () => alone(optim.scaleByMuon())(),
    code: 'shape-mismatch',
    says: ['[optim.muon] f32[] has no matrices', 'parameters need two axes or more'],
  },
  {
    what: 'the mean of another optimizer',
    make: () => optim.scheduleFreeEvalParams(optim.adam(0.1).init(params), params),
    code: 'invalid-argument',
    says: ['[optim.scheduleFreeEvalParams] needs the state of a scheduleFree optimizer'],
  },
  {
    what: 'one value of many',
    make: () => optim.treeGet([{ a: 1 }, { b: { a: 2 } }], 'a'),
    code: 'invalid-argument',
    says: ['[optim.treeGet] there are 2 values of "a": tree[0].a, tree[1].b.a'],
  },
  {
    what: 'a value that is nowhere',
    make: () => optim.treeSet({ a: 1 }, { z: 2 }),
    code: 'invalid-argument',
    says: ['[optim.treeSet] there is no "z" in the tree'],
  },
  {
    what: 'updates of another structure',
    make: () => optim.applyUpdates({ w: np.array(1) }, { v: np.array(1) } as never),
    code: 'tree-mismatch',
    says: ['differ at the root'],
  },
];

describe('optim', () => {
  test.each(mistakes)('$what', ({ make, code, says }) => {
    let caught: unknown;
    try {
      make();
    } catch (error) {
      caught = error;
    }
    if (!(caught instanceof PullbackError)) throw new Error('nothing of ours was thrown', { cause: caught });
    expect(caught.code).toBe(code);
    for (const part of says) expect(caught.message).toContain(part);
  });
});

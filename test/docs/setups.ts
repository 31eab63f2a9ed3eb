/**
 * What examples of one file take for granted beside `world.ts`: code that runs before each of them. Keys are a file, or a file
 * and the first line of one example.
 */
export const setups: Readonly<Record<string, string>> = {
  'src/bundle/save.ts': `
    const state = np.zeros([4]);
    const step = (s: NDArray, { images: xs }: Readonly<Record<string, NDArray>>) => [s.add(1), (xs as NDArray).mean()] as const;
    const train = { images: { shape: [512, 4], data: new Uint8Array(512 * 4) } };`,
  'src/data/columns.ts': `
    const pixels = { shape: [64, 28, 28, 1], dtype: 'u8' as const, data: new Uint8Array(64 * 28 * 28) };
    const batch = { columns: { images: pixels, labels: { shape: [64], dtype: 'u8' as const, data: new Uint8Array(64) } } };`,
  'src/data/csv.ts': `
    const text = 'sepal,species\\n5.1,setosa\\n4.9,virginica\\n';
    const response = { body: [text.slice(0, 20), text.slice(20)] };`,
  "src/data/fashion-mnist.ts:const { train } = await data.fashionMnist({ folder: 'fashion' }); // without a folder, of the package": `
    const { mkdir } = await import('node:fs/promises');
    await mkdir('fashion', { recursive: true });
    for (const part of ['train', 't10k']) {
      const clothes = { type: 'u8', shape: [2, 28, 28], data: new Uint8Array(2 * 28 * 28) } as const;
      await data.saveBytes('fashion/' + part + '-images-idx3-ubyte', data.encodeIdx(clothes));
      await data.saveBytes('fashion/' + part + '-labels-idx1-ubyte', data.encodeIdx({ ...clothes, shape: [2], data: Uint8Array.of(3, 9) }));
    }`,
  'src/data/image/mixup.ts': '',
  'src/data/image/pixels.ts': 'const { image } = data; images = random.uniform(key, [2, 8, 8, 3]);',
  'src/data/image/sampling.ts': 'const { image } = data;',
  'src/data/image/windows.ts': 'const { image } = data;',
  'src/data/npz.ts': `
    const tensor = (shape: readonly number[]) => ({ dtype: 'f32' as const, shape, data: new Float32Array(64 * 4) });
    await data.saveNpz('digits.npz', { images: tensor([64, 2, 2]), labels: tensor([256]) });
    await data.saveNpz('digits.npz', { images: tensor([64, 2, 2]), labels: { ...tensor([64]), data: new Float32Array(64) } });`,
  'src/data/pipeline.ts': `
    const columns = { images: new Float32Array(128 * 4), labels: new Float32Array(128) };
    const train = {
      images: { shape: [128, 4], dtype: 'f32' as const, data: columns.images },
      labels: { shape: [128], dtype: 'f32' as const, data: columns.labels },
    };
    let state = np.zeros([4]);
    let position = { epoch: 0, batch: 0 };
    const step = (s: NDArray, xs: NDArray, ys: NDArray): NDArray => s.add(ys.dot(xs));`,
  'src/data/state.ts': `
    const init = (k: NDArray): { w: NDArray } => ({ w: random.normal(k, [3, 4]) });
    const optimizer = { mu: np.zeros([3, 4]), count: 3 };
    await data.saveState('model.safetensors', init(key));
    const file = { tensors: await data.toTensors(init(key)) };`,
  'src/devices.ts': `
    const trainFor = async (_: number): Promise<void> => undefined;
    const restore = trainFor.bind(null, 0);`,
  'src/lax/convolution.ts': 'const kernel = np.ones([3, 3, 1, 4]);',
  'src/lax/linalg/triangular.ts': 'const l = lax.linalg.cholesky(a); b = np.ones([3, 1]);',
  'src/lax/reduce-window.ts': 'x = images;',
  'src/lax/sort.ts': 'const [ks, vs] = [np.array([2, 1]), np.array([5, 6])];',
  'src/nn/batch-norm.ts': 'x = np.ones([8, 100]);',
  'src/nn/combinators.ts': `
    x = np.ones([2, 3]);
    const { params, state } = vmapLayers(sequential(dense(64), relu, dense(10)), 5).init(key, [3]);`,
  'src/nn/losses/divergence.ts': 'const [student, teacher] = [np.ones([2, 10]), np.arange(20).reshape([2, 10])];',
  'src/nn/losses/margin.ts': 'const [first, second] = [random.normal(key, [8, 4]), random.normal(key, [8, 4])];',
  'src/nn/losses/regression.ts': 'const [predictions, targets] = [np.ones([8]), np.zeros([8])];',
  'src/nn/metrics/metric.ts': `
    const metric = nn.metrics.average();
    const { metricMonoid } = nn.metrics;
    const summary = (v: number) => metric.update(metric.init(), [v]);
    const [first, second, third] = [summary(1), summary(2), summary(3)];`,
  'src/nn/products.ts': 'x = np.ones([2, 784]); const trainedDense = dense(64).init(key, [784]).params;',
  'src/nn/regularization.ts': `
    const { params, state } = sequential(dense(256), leakyRelu, dropout(0.3), dense(1)).init(key, [3]);`,
  'src/numpy/einsum.ts': 'x = np.ones([2, 3, 4]); const y = np.ones([2, 4, 5]);',
  'src/numpy/linalg/products.ts': 'const [c, vector] = [a, b]; b = a;',
  'src/optim/clipping.ts': 'const examples = np.ones([5, 2, 3]);',
  'src/optim/feedback.ts': `
    const state = chain(adam(1e-3), reduceOnPlateau({ factor: 0.5, patience: 5 })).init(params);`,
  'src/optim/lbfgs.ts': 'const state = lbfgs().init(params);',
  'src/optim/linesearch.ts': `
    const [state, value] = [chain(sgd(1), scaleByZoomLinesearch(15)).init(params), loss(params)];`,
  'src/optim/linesearch.ts:const [value, gradients] = valueAndGradFromState(loss)(params, state, images);': `
    const state = chain(sgd(1), scaleByZoomLinesearch(15)).init(params);
    images = np.ones([8, 3]);`,
  'src/optim/monitoring.ts': "const state = chain(snapshot('gradientNorm', globalNorm), adam(1e-3)).init(params);",
  'src/optim/sam.ts': `
    const state = sam(sgd(0.1), chain(normalize(), sgd(0.05)), { opaqueMode: true }).init(params);
    const loss = (p: Params): NDArray => p.w.pow(2).sum().add(p.b.sum());`,
  'src/optim/schedule-free.ts': `
    const state = scheduleFreeAdamw(2.5e-3, { warmupSteps: 100 }).init(params);
    const evaluate = (p: Params, xs: NDArray): NDArray => xs.reshape([-1, 1]).matmul(p.w.sum(0).reshape([1, -1])).mean();`,
  'src/optim/second-order.ts': `
    const v = np.ones([16]);
    const loss = (p: Params, xs: NDArray, ys: NDArray): NDArray => p.w.pow(3).sum().mul(xs.mean()).add(ys.sum());`,
  'src/optim/tree-get.ts': 'const state = injectHyperparams(adam)(1e-3).init(params);',
  "src/optim/tree-get.ts:treeGet(state, 'count', null, { filtering: (path) => path.includes('adam') });": `
    const state = namedChain(['adam', scaleByAdam()], ['rate', scaleBySchedule(linearSchedule(1, 0, 9))]).init(params);`,
  'src/optim/updates.ts': 'let target = params; const optimizer = adam(1e-3); const state = optimizer.init(params);',
  'src/optim/wrappers.ts': 'const initial = { w: np.ones([3, 4]), b: np.zeros([4]) };',
  'src/trace/abstract.ts': 'const step = (images: NDArray): NDArray => images.mul(2).sum();',
  'src/trace/value.ts': '',
  'src/testing/arb/check-property.ts': "const { arb, checkProperty } = await import('../../src/testing/arb/index.ts');",
  'src/testing/arb/index.ts': "const { arb, checkProperty } = await import('../../src/testing/arb/index.ts');",
  'src/testing/vitest/index.ts': `
    const { expect } = await import('vitest');
    const { matchers } = await import('../../src/testing/vitest/index.ts');
    const test = (_name: string, body: () => Promise<void>): Promise<void> => body();`,
  'src/train/early-stopping.ts': 'let value = 3; const trainEpoch = async (): Promise<number> => Math.max(0, value--);',
  'src/train/epoch.ts': `
    images = np.zeros([59904, 2]); labels = np.zeros([59904], { dtype: 'i32' });
    const network = nn.dense(10);
    const loss = (p: NetworkParams, s: null, d: Batch): readonly [NDArray, null] => [
      nn.softmaxCrossEntropyWithIntegerLabels(network.apply(p, s, d.images, { training: true })[0], d.labels).mean(), s];
    type Batch = { images: NDArray; labels: NDArray };
    const start = network.init(key, [2]);
    type NetworkParams = typeof start.params;
    const step = train.step(loss, optim.sgd(0.1));
    let state = train.init(network, optim.sgd(0.1), key, [2]);
    let losses: NDArray;`,
  'src/train/evaluate.ts': `
    const state = { w: np.ones([3]) };
    const test = { xs: np.ones([1200, 3]) };
    const score = (s: { w: NDArray }, d: { xs: NDArray }) => ({ accuracy: d.xs.dot(s.w).gt(2).astype('f32') });`,
  'src/train/state.ts': 'const network = nn.sequential(nn.flatten(), nn.dense(10));',
  'src/train/step.ts': `
    const network = nn.sequential(nn.flatten(), nn.dense(10));
    let state = train.init(network, optim.adam(1e-3), random.key(0), [28, 28, 1]);
    let value: NDArray;
    type Params = typeof state.params;
    type State = typeof state.state;
    type Batch = { readonly images: NDArray; readonly labels: NDArray };
    const images = np.ones([8, 28, 28, 1]);
    const labels = np.zeros([8]).astype('i32');`,
  'src/transforms/checkpoint/checkpoint.ts': `
    type Params = readonly NDArray[];
    const layer = (p: NDArray, h: NDArray): NDArray => np.tanh(h.matmul(p));`,
  'src/transforms/control/map.ts': 'const points = random.normal(key, [20, 3]);',
  'src/transforms/custom/closure-convert.ts': 'const x = np.ones([3]); const scale = np.array(2);',
  'src/transforms/debug.ts': 'const loss = np.array(0.5);',
  "src/transforms/debug.ts:debug.print('step {}: loss {loss}, gradients {gradients}', step, { loss, gradients });":
    'const [step, loss] = [3, np.array(0.5)];',
  'src/transforms/eval-shape.ts': 'const x = np.ones([3]);',
  "src/transforms/eval-shape.ts:const { shape } = evalShape((x: NDArray, w: NDArray) => x.matmul(w), x, new ShapeDtypeStruct([784, 10], 'f32'));":
    'const x = np.ones([2, 784]);',
  'src/transforms/export.ts': `
    const step = (w: NDArray, xs: NDArray): readonly [NDArray, NDArray] => [w.mul(2), xs.matmul(w).mean()];
    const [state, batch] = [np.ones([3, 4]), np.ones([16, 3])];`,
  'src/transforms/forward-mode.ts': 'const x = np.ones([2, 3]);',
  'src/transforms/fwd-and-bwd.ts': `
    const layer = (p: Params, xs: NDArray): NDArray => np.tanh(xs.matmul(p.w).add(p.b));
    const ct = np.ones([2, 4]);`,
  'src/transforms/grad.ts':
    'const lossOf = (p: Params, xs: NDArray): NDArray => xs.matmul(p.w).add(p.b).pow(2).mean();',
  'src/transforms/jacobian.ts': 'const x = np.ones([2, 3]);',
  'src/transforms/jit.ts': 'const [w, x] = [np.ones([3, 4]), np.ones([2, 3])];',
  'src/transforms/max-traces.ts': 'const trainingStep = (p: NDArray): NDArray => p.mul(2);',
  'src/transforms/named-scope.ts': 'const attend = (p: Params, xs: NDArray): NDArray => xs.matmul(p.w);',
  'src/transforms/profile.ts': "const { writeFile } = await import('node:fs/promises');",
  'src/transforms/pure-callback.ts':
    'const lapack = { eigenvalues: (m: ArrayLike<number>) => np.array(Array.from(m)) };',
  'src/transforms/reverse-mode.ts': 'const x = np.ones([3]);',
  "src/transforms/reverse-mode.ts:const [ct] = linearTranspose((x: NDArray) => x.matmul(w), new ShapeDtypeStruct([3, 4], 'f32'))(y);":
    'const [w, y] = [np.ones([4, 2]), np.ones([3, 2])];',
  'src/transforms/stages.ts': 'const step = jit((p: Params, xs: NDArray) => grad(loss)(p, xs));',
  'src/transforms/tune.ts': '',
  'src/transforms/vmap.ts': 'const rows = np.ones([5, 3]); const examples = np.ones([5, 2, 3]);',
  'src/tree/filter.ts': `
    const model = { w: np.ones([3]), name: 'dense' };
    type Model = { readonly w: NDArray | null; readonly name: string | null };
    const loss = (m: Model): NDArray => np.array(m.w ?? 0).pow(2).sum();`,
  'src/tree/node.ts': 'class Config { constructor(readonly heads: number, readonly causal: boolean) {} }',
};

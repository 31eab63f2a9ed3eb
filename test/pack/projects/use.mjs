import assert from 'node:assert/strict';
import { data, grad, jit, nn, numpy as np, optim, random, tree, vmap } from 'pullback';
import * as lax from 'pullback/lax';
import { array, NDArray } from 'pullback/numpy';

// A small network learns, in one compiled step.
const network = nn.sequential(nn.dense(8), nn.relu, nn.dense(1));
const { params: first, state } = network.init(random.key(0), [2]);
const x = random.normal(random.key(1), [32, 2]);
const y = x.slice([], 0).mul(x.slice([], 1));
const loss = (params) => np.square(network.apply(params, state, x, { training: true })[0].ravel().sub(y)).mean();
const optimizer = optim.adam(0.05);
const step = jit((params, memory) => {
  const [updates, next] = optimizer.update(grad(loss)(params), memory, params);
  return [optim.applyUpdates(params, updates), next];
});
let [params, memory] = [first, optimizer.init(first)];
for (let i = 0; i < 100; i++) [params, memory] = step(params, memory);
const [before, after] = [await loss(first).item(), await loss(params).item()];
assert.ok(after < before / 3, `the loss was ${before} and is ${after}`);

// All entries are one library.
assert.ok(array([1]) instanceof NDArray && x instanceof NDArray);
assert.deepEqual(await vmap((v) => lax.exp(v).sum())(array([[0, 0], [0, 0]])).tolist(), [2, 2]); // prettier-ignore
assert.equal(tree.leaves(params).length, 4);
const bytes = data.encodeSafetensors({ tensors: await data.toTensors(params), metadata: {} });
assert.ok(bytes.length > 100);
console.log('trained');

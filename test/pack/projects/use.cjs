const assert = require('node:assert/strict');
const { grad, jit, numpy: np } = require('pullback');
const random = require('pullback/random');
const { dense } = require('pullback/nn');
const { adam } = require('pullback/optim');

async function main() {
  const x = random.normal(random.key(0), [64]);
  const step = jit((w) => w.sub(grad((v) => np.square(x.mul(v).sub(x.mul(3))).mean())(w).mul(0.2)));
  let w = np.array(0);
  for (let i = 0; i < 50; i++) w = step(w);
  assert.ok(Math.abs((await w.item()) - 3) < 1e-3);
  assert.equal(typeof dense, 'function');
  assert.equal(typeof adam, 'function');
  console.log('trained');
}
main();

"""
Optimizers, transformations and schedules of optax, ten steps each on a small tree with a vector, a matrix and a scalar.

A row is {"fn": "optim.NAME", "args": [TITLE], "out": [...]}: the recipe behind a title stands here and in
test/golden/optim-rows.ts. The inputs are the row "inputs".
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from optax import contrib
from cases import encode, values

STEPS = 10


def tree(name, dtype, low=-2.0, high=2.0):
    return {'b': values(f'{name} b', [3], dtype, low, high), 's': values(f'{name} s', [], dtype, low, high),
            'w': values(f'{name} w', [4, 3], dtype, low, high)}


def inputs(dtype):
    """Parameters; gradients, a part of one zero; the same with NaN in three of them; losses that stop falling."""
    grads = [tree(f'optim g{i}', dtype) for i in range(STEPS)]
    grads[3] = {**grads[3], 'b': np.zeros(3, dtype)}
    broken = [jax.tree.map(np.copy, g) for g in grads]
    for i in (2, 5, 6):
        broken[i]['w'][1, 2] = np.nan
    losses = np.asarray([4, 3, 2.5, 2.6, 2.55, 2.7, 2.4, 2.41, 2.42, 2.43], dtype)
    return {'params': tree('optim p', dtype), 'grads': grads, 'broken': broken, 'losses': losses}


def decays(p):
    """A mask: what has two axes."""
    return jax.tree.map(lambda x: x.ndim == 2, p)


def transformations(dtype):
    """By title; the first word is the name of the function in pullback."""
    o, sched = optax, optax.linear_schedule(0.1, 0.01, 6)
    mask = {'b': False, 's': True, 'w': True}
    return {
        'adam': o.adam(0.01),
        'adam, other numbers': o.adam(0.05, b1=0.8, b2=0.95, eps=1e-6, eps_root=1e-4),
        'adam, schedule': o.adam(sched),
        'nadam': o.nadam(0.01),
        'adamw': o.adamw(0.01),
        'adamw, mask': o.adamw(0.01, weight_decay=0.1, mask=mask),
        'adamw, function of a mask': o.adamw(0.01, weight_decay=0.1, mask=decays),
        'adamw, schedule of decay': o.adamw(0.01, weight_decay=sched),
        'nadamw': o.nadamw(0.01, weight_decay=0.01),
        'amsgrad': o.amsgrad(0.01),
        'amsgrad, biased': o.amsgrad(0.01, bias_correction_mu=False, bias_correction_nu=False),
        'scaleByAdam': o.scale_by_adam(nesterov=True),
        'scaleByAmsgrad': o.scale_by_amsgrad(b1=0.5),
        'sgd': o.sgd(0.1),
        'sgd, momentum': o.sgd(0.1, momentum=0.9),
        'sgd, Nesterov momentum': o.sgd(0.1, momentum=0.9, nesterov=True),
        'sgd, schedule': o.sgd(sched, momentum=0.5),
        'trace': o.trace(0.7),
        'ema': o.ema(0.9),
        'ema, biased': o.ema(0.9, debias=False),
        'signSgd': o.sign_sgd(0.1),
        'rmsprop': o.rmsprop(0.01),
        'rmsprop, momentum': o.rmsprop(0.01, decay=0.8, momentum=0.9, nesterov=True),
        'rmsprop, centered': o.rmsprop(0.01, centered=True, initial_scale=0.5),
        'rmsprop, centered, fair': o.rmsprop(0.01, centered=True, eps=1e-3, bias_correction=True),
        'rmsprop, eps outside': o.rmsprop(0.01, eps_in_sqrt=False, bias_correction=True),
        'scaleByRms': o.scale_by_rms(decay=0.7, eps=1e-4),
        'scaleByStddev': o.scale_by_stddev(initial_scale=0.3, eps=1e-2),
        'adagrad': o.adagrad(0.1),
        'scaleByRss': o.scale_by_rss(initial_accumulator_value=0.0, eps=1e-3),
        'lion': o.lion(0.01),
        'lion, mask': o.lion(0.01, b1=0.8, b2=0.9, weight_decay=0.1, mask=mask),
        'scaleByLion': o.scale_by_lion(mode='smooth', smooth_beta=2.0),
        'scaleByLion, refined': o.scale_by_lion(mode='refined'),
        'scale': o.scale(0.3),
        'scaleByLearningRate': o.scale_by_learning_rate(0.2),
        'scaleByLearningRate, upwards': o.scale_by_learning_rate(sched, flip_sign=False),
        'scaleBySchedule': o.scale_by_schedule(sched),
        'scaleBySign': o.scale_by_sign(),
        'setToZero': o.set_to_zero(),
        'identity': o.identity(),
        'centralize': o.centralize(),
        'stateless': o.stateless(lambda u, p: jax.tree.map(lambda x, y: x - 0.5 * y, u, p)),
        'statelessWithTreeMap': o.stateless_with_tree_map(lambda u, p: u * p),
        'withExtraArgs': o.with_extra_args_support(o.scale(0.5)),
        'addDecayedWeights': o.chain(o.add_decayed_weights(0.1), o.scale(-0.1)),
        'addDecayedWeights, mask': o.chain(o.add_decayed_weights(0.1, mask=mask), o.scale(-0.1)),
        'chain': o.chain(o.clip(1.0), o.trace(0.9), o.scale(-0.1)),
        'namedChain': o.named_chain(('clip', o.clip(1.0)), ('adam', o.scale_by_adam()), ('rate', o.scale(-0.1))),
        'clip': o.clip(0.7),
        'clipByGlobalNorm': o.clip_by_global_norm(4.0),
        'clipByBlockRms': o.clip_by_block_rms(1.0),
        'adaptiveGradClip': o.adaptive_grad_clip(0.3),
        'adaptiveGradClip, axis': o.chain(o.masked(o.adaptive_grad_clip(0.3, eps=0.5, axis=1), decays), o.scale(0.1)),
        'masked': o.masked(o.adam(0.1), mask),
        'masked, function': o.masked(o.sgd(0.1, momentum=0.9), decays),
        'partition': o.partition({'fast': o.sgd(0.1), 'slow': o.adam(0.001), 'none': o.set_to_zero()},
                                 {'b': 'fast', 's': 'none', 'w': 'slow'}),
        'multiTransform': o.multi_transform({'yes': o.adam(0.1), 'no': o.sgd(0.5)},
                                            lambda p: jax.tree.map(lambda x: 'yes' if x.ndim else 'no', p)),
        'freeze': o.chain(o.adam(0.1), o.transforms.freeze(mask)),
        'multiSteps': o.MultiSteps(o.adam(0.1), 3, accumulator_dtype=dtype).gradient_transformation(),
        'multiSteps, sum, schedule': o.MultiSteps(o.sgd(0.1, momentum=0.9), lambda n: jnp.where(n < 2, 2, 3),
                                                  use_grad_mean=False,
                                                  accumulator_dtype=dtype).gradient_transformation(),
        'skipNotFinite, broken': o.MultiSteps(o.adam(0.1), 2, should_skip_update_fn=o.skip_not_finite,
                                              accumulator_dtype=dtype).gradient_transformation(),
        'skipLargeUpdates': o.MultiSteps(o.adam(0.1), 2, should_skip_update_fn=lambda u, n, p: o.skip_large_updates(
            u, n, p, 20.0), accumulator_dtype=dtype).gradient_transformation(),
        'injectHyperparams': o.inject_hyperparams(o.adamw)(sched, b1=0.8, weight_decay=0.1),
        'injectHyperparams, scheduled decay': o.inject_hyperparams(o.adam)(
            0.1, b1=o.linear_schedule(0.5, 0.9, 5)),
    }


def more(dtype):
    """The less usual ones, by title as well."""
    o, c = optax, contrib
    mask = {'b': False, 's': True, 'w': True}
    return {
        'radam': o.radam(0.01, b2=0.8),
        'radam, Nesterov': o.radam(0.01, nesterov=True, threshold=4.5),
        'scaleByRadam': o.scale_by_radam(b1=0.5, b2=0.7, eps_root=1e-3),
        'adabelief': o.adabelief(0.01),
        'scaleByBelief': o.scale_by_belief(b1=0.7, eps=1e-3, nesterov=True),
        'yogi': o.yogi(0.01),
        'scaleByYogi': o.scale_by_yogi(b2=0.9, initial_accumulator_value=0.1),
        'adamax': o.adamax(0.01),
        'adamaxw': o.adamaxw(0.01, weight_decay=0.1, mask=mask),
        'scaleByAdamax': o.scale_by_adamax(b2=0.5),
        'novograd': o.novograd(0.01, weight_decay=0.1),
        'scaleByNovograd': o.scale_by_novograd(b1=0.5, b2=0.9),
        'adadelta': o.adadelta(1.0, weight_decay=0.1),
        'scaleByAdadelta': o.scale_by_adadelta(rho=0.5, eps=1e-3),
        'rprop': o.rprop(0.1, max_step_size=0.15),
        'scaleByRprop': o.scale_by_rprop(0.01, eta_plus=2.0, min_step_size=0.008),
        'optimisticGradientDescent': o.optimistic_gradient_descent(0.1, alpha=0.9, beta=0.7),
        'scaleByOptimisticGradient': o.scale_by_optimistic_gradient(),
        'lamb': o.lamb(0.01, weight_decay=0.1),
        'lars': o.lars(0.1, weight_decay=0.1, trust_ratio_mask=mask),
        'scaleByTrustRatio': o.scale_by_trust_ratio(min_norm=0.5, trust_coefficient=0.3, eps=0.1),
        'scaleByParamBlockRms': o.scale_by_param_block_rms(),
        'adafactor': o.adafactor(0.1, min_dim_size_to_factor=2),
        'adafactor, not factored': o.adafactor(0.1, momentum=0.9, dtype_momentum=dtype, weight_decay_rate=0.01),
        'scaleByFactoredRms': o.scale_by_factored_rms(min_dim_size_to_factor=3, decay_rate=0.5, epsilon=1e-3),
        'muon': c.muon(0.1, weight_decay=0.1),
        'muon, plain': c.muon(0.1, ns_steps=3, beta=0.5, nesterov=False, adaptive=True, consistent_rms=0.2),
        'scaleByMuon': o.masked(c.scale_by_muon(ns_coeffs=(2.0, -1.5, 0.5), weight_dimension_numbers=lambda u: jax.tree.map(
            lambda _: c.MuonDimensionNumbers(), u)), decays),
        'scheduleFreeAdamw': c.schedule_free_adamw(0.01, weight_decay=0.1),
        'scheduleFreeAdamw, warmup': c.schedule_free_adamw(0.1, warmup_steps=4, b1=0.8, b2=0.9),
        'scheduleFreeSgd': c.schedule_free_sgd(0.1, weight_decay=0.1),
        'scheduleFree': c.schedule_free(o.adam(0.1, b1=0.0), 0.1, b1=0.7, weight_lr_power=1.0),
        'sam': c.sam(o.sgd(0.1, momentum=0.9), o.chain(c.normalize(), o.sgd(0.05))),
        'sam, three, kept': c.sam(o.adam(0.1), o.sgd(0.05, momentum=0.5), sync_period=3, reset_state=False),
        'sam, opaque, objective': c.sam(o.adam(0.1), o.chain(c.normalize(), o.sgd(0.05)), sync_period=3,
                                        opaque_mode=True),
        'normalize': c.normalize(),
        'lookahead': o.lookahead(o.sgd(0.1, momentum=0.9), 3, 0.5),
        'lookahead, reset': o.lookahead(o.adam(0.1), 2, 0.3, reset_state=True),
        'zeroNans, broken': o.zero_nans(),
        'applyIfFinite, broken': o.apply_if_finite(o.adam(0.1), 1),
        'applyIfFinite': o.apply_if_finite(o.sgd(0.1), 0),
        'addNoise': o.add_noise(0.5, 0.55, jax.random.key(7)),
        'noisySgd': o.noisy_sgd(0.1, eta=0.1, key=jax.random.key(3)),
        'reduceOnPlateau, losses': c.reduce_on_plateau(0.5, patience=2, cooldown=1),
        'reduceOnPlateau, means, losses': o.chain(o.sgd(0.1), c.reduce_on_plateau(
            0.3, patience=1, rtol=0.1, accumulation_size=2, min_scale=0.2)),
        'polyakSgd, losses': o.polyak_sgd(0.5, scaling=0.7, f_min=0.1),
        'scaleByPolyak, losses': o.scale_by_polyak(f_min=3.0, variant='sps+', eps=0.1),
        'scaleByLbfgs': o.chain(o.scale_by_lbfgs(memory_size=3), o.scale(-0.1)),
        'scaleByLbfgs, unscaled': o.chain(o.scale_by_lbfgs(memory_size=2, scale_init_precond=False), o.scale(-0.1)),
        'lbfgs, objective': o.lbfgs(),
        'lbfgs, short, objective': o.lbfgs(0.5, memory_size=2, linesearch=o.scale_by_zoom_linesearch(
            5, max_learning_rate=0.7, initial_guess_strategy='keep')),
        'scaleByZoomLinesearch, objective': o.chain(o.sgd(1.0), o.scale_by_zoom_linesearch(15)),
        'scaleByZoomLinesearch, strict, objective': o.chain(o.sgd(0.02), o.scale_by_zoom_linesearch(
            25, tol=1e-3, curv_rtol=0.1, approx_dec_rtol=None, increase_factor=1.5)),
        'snapshot': o.chain(o.snapshot('norm', o.global_norm), o.scale(-0.1)),
        'monitor': o.chain(o.monitor({'norm': o.global_norm}), o.scale(-0.1)),
    }


def objective(p):
    """A loss with valleys."""
    leaves = jax.tree.leaves(p)
    return sum(((x * x - 1) ** 2).sum() for x in leaves) + 0.1 * sum(x.sum() for x in leaves) ** 2


def steps(title, tx, given):
    """The parameters after each step."""
    p, out = given['params'], []
    if title.startswith('lookahead'):
        p = optax.LookaheadParams.init_synced(p)
    state = tx.init(p)
    for i, g in enumerate(given['broken' if 'broken' in title else 'grads']):
        extra = {'value': given['losses'][i]} if 'losses' in title else {}
        if 'objective' in title:
            value, g = jax.value_and_grad(objective)(p)
            extra = {'value': value, 'grad': g, 'value_fn': objective}
            if 'opaque' in title:
                extra = {'grad_fn': lambda q, _: jax.grad(objective)(q)}
        updates, state = tx.update(g, state, p, **extra)
        p = optax.apply_updates(p, updates)
        out.append({'fast': p.fast, 'slow': p.slow} if title.startswith('lookahead') else p)
    return out


def schedules():
    o = optax
    cycle = {'init_value': 0.1, 'peak_value': 1.0, 'warmup_steps': 2, 'end_value': 0.05}
    return {
        'constantSchedule': o.constant_schedule(0.3),
        'polynomialSchedule': o.polynomial_schedule(1.0, 0.1, 2, 7, transition_begin=2),
        'polynomialSchedule, power 0.5': o.polynomial_schedule(0.1, 2.0, 0.5, 7),
        'polynomialSchedule, no steps': o.polynomial_schedule(0.1, 2.0, 0.5, 0),
        'linearSchedule': o.linear_schedule(1.0, 0.1, 5, transition_begin=1),
        'warmupConstantSchedule': o.warmup_constant_schedule(0.0, 1.0, 4),
        'piecewiseConstantSchedule': o.piecewise_constant_schedule(1.0, {7: 0.1, 3: 0.5}),
        'exponentialDecay': o.exponential_decay(1.0, 3, 0.5, transition_begin=2),
        'exponentialDecay, staircase': o.exponential_decay(1.0, 3, 0.5, staircase=True, end_value=0.2),
        'exponentialDecay, growing': o.exponential_decay(1.0, 3, 1.5, end_value=2.5),
        'cosineDecaySchedule': o.cosine_decay_schedule(1.0, 8),
        'cosineDecaySchedule, exponent': o.cosine_decay_schedule(2.0, 8, alpha=0.1, exponent=1.5),
        'joinSchedules': o.join_schedules([o.linear_schedule(0.0, 1.0, 3), o.constant_schedule(0.7),
                                           o.exponential_decay(0.7, 2, 0.5)], [3, 6]),
        'warmupCosineDecaySchedule': o.warmup_cosine_decay_schedule(0.0, 1.0, 3, 10, end_value=0.1, exponent=2.0),
        'warmupExponentialDecaySchedule': o.warmup_exponential_decay_schedule(0.1, 1.0, 3, 2, 0.7, transition_begin=1,
                                                                              end_value=0.3),
        'sgdrSchedule': o.sgdr_schedule([{**cycle, 'decay_steps': n} for n in (4, 6)]),
        'piecewiseInterpolateSchedule': o.piecewise_interpolate_schedule('linear', 1.0, {8: 0.01, 4: 0.1}),
        'piecewiseInterpolateSchedule, cosine': o.piecewise_interpolate_schedule('cosine', 2.0, {2: 3.0, 7: 0.1}),
        'linearOnecycleSchedule': o.linear_onecycle_schedule(11, 2.0),
        'cosineOnecycleSchedule': o.cosine_onecycle_schedule(11, 2.0, pct_start=0.4),
    }


def row(title, out):
    return {'fn': f'optim.{title.split(",")[0]}', 'args': [title], 'out': encode(out)}


def cases(dtype):
    given = inputs(dtype)
    rows = [{'fn': 'inputs', 'args': [], 'out': [encode(given)]}]
    rows += [row(title, steps(title, tx, given)) for title, tx in {**transformations(dtype), **more(dtype)}.items()]
    if dtype == np.float32:
        rows += [row(title, [np.asarray([s(jnp.int32(n)) for n in range(14)], np.float32)])
                 for title, s in schedules().items()]
    return rows

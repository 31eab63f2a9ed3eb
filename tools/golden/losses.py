"""Losses (optax; PyTorch where optax has none), with far logits, hard targets and masks."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from cases import Options, only_values, rows, values

FAR = [-200, -88, -20, -1, -0.5, 0, 0.5, 1, 20, 88, 200]


def absolute_error(predictions, targets=None):
    return jnp.abs(predictions if targets is None else predictions - targets)


def nll_loss(log_probabilities, labels):
    return -jnp.take_along_axis(log_probabilities, labels[..., None], -1)[..., 0]


def gaussian_nll(predictions, targets, variance, full=False, eps=1e-6):
    v = jnp.maximum(variance, eps)
    return 0.5 * (jnp.log(v) + (predictions - targets) ** 2 / v) + (0.5 * np.log(2 * np.pi) if full else 0)


def poisson_nll(predictions, targets, log_input=True, full=False, eps=1e-8):
    loss = jnp.exp(predictions) - targets * predictions if log_input else predictions - targets * jnp.log(predictions + eps)
    t = jnp.where(targets > 1, targets, 2)
    stirling = jnp.where(targets > 1, t * jnp.log(t) - t + 0.5 * jnp.log(2 * np.pi * t), 0)
    return loss + stirling if full else loss


def as_torch(f, g, *forms):
    """Is our own formula, which JAX can differentiate, that of PyTorch?"""
    import torch

    for form in forms:
        options = dict(form[-1]) if isinstance(form[-1], Options) else {}
        arrays = [x for x in form if isinstance(x, np.ndarray)]
        given = [torch.from_numpy(x).long() if x.dtype == np.int32 else torch.from_numpy(x) for x in arrays]
        options = {{'logInput': 'log_input'}.get(k, k): v for k, v in options.items()}
        np.testing.assert_allclose(np.asarray(f(*arrays, **options)), g(*given, reduction='none', **options).numpy(), 2e-6, 1e-6)


def torch_losses(dtype):
    import torch.nn.functional as F

    p, t = values('losses p', [3, 4], dtype), values('losses t', [3, 4], dtype)
    variance = values('losses variance', [3, 4], dtype, 0.1, 2)
    counts = np.array([[0, 1, 2, 5], [3, 0, 1, 9], [1, 1, 4, 2]], dtype)
    rates = values('losses rates', [3, 4], dtype, 0.1, 4)
    log_probabilities = np.asarray(jax.nn.log_softmax(p)).round(4).astype(dtype)
    labels = np.array([0, 3, 2], np.int32)
    table = [('absoluteError', absolute_error, F.l1_loss, [[p, t]]),
             ('nllLoss', nll_loss, F.nll_loss, [[log_probabilities, labels]]),
             ('gaussianNll', gaussian_nll, F.gaussian_nll_loss, [[p, t, variance], [p, t, variance, Options(full=True)],
                                                                [p, t, variance, Options(eps=0.5)]]),
             ('poissonNll', poisson_nll, F.poisson_nll_loss, [[p, counts], [p, counts, Options(full=True)],
                                                             [rates, counts, Options(logInput=False, eps=1e-3)]])]
    out = []
    for name, f, g, forms in table:
        as_torch(f, g, *forms)
        out += rows(f'nn.{name}', f, *forms)
    return out + rows('nn.absoluteError', absolute_error, [p])


def regression(dtype):
    p, t = values('losses p', [3, 4], dtype), values('losses t', [3, 4], dtype)
    far = np.array(FAR, dtype)
    out = []
    for name, f in [('squaredError', optax.losses.squared_error), ('l2Loss', optax.losses.l2_loss), ('huberLoss', optax.losses.huber_loss),
                    ('logCosh', optax.losses.log_cosh)]:
        out += rows(f'nn.{name}', f, [p, t], [p], [far], [p[:0], t[:0]])
    out += rows('nn.huberLoss', optax.losses.huber_loss, [p, t, Options(delta=0.3)])
    mask = np.array([[1, 1, 0, 1], [1, 1, 1, 1], [1, 0, 0, 1]], bool)
    for name, f in [('cosineSimilarity', optax.losses.cosine_similarity), ('cosineDistance', optax.losses.cosine_distance)]:
        out += rows(f'nn.{name}', f, [p, t], [p, t, Options(axis=0)], [p, t, Options(epsilon=4)], [p[0], t[0]])
        out += rows(f'nn.{name}', f, [p, t, Options(where=mask)], vmap=None)
    return out


def decisions(dtype):
    logits = values('losses logits', [4, 5], dtype, -6, 6)
    soft = np.asarray(jax.nn.softmax(values('losses targets', [4, 5], dtype))).round(3).astype(dtype)
    labels = np.array([0, 4, 2, 2], np.int32)
    mask = values('losses mask', [4, 5]) > -1
    mask[:, 0] = True
    far = np.array(FAR, dtype)
    halves = np.resize(np.array([0.25, 0.5], dtype), len(FAR))
    # At labels of 0 and 1 optax's derivative by the label leaves one side out, so that labels are static here.
    hard = [float(x) for x in np.resize([0, 1], len(FAR))]
    focal = optax.losses.sigmoid_focal_loss
    out = rows('nn.sigmoidFocalLoss', lambda x, y, **o: focal(x, jnp.array(y, dtype), **o), [far, hard], [-far, hard],
               [far, hard, Options(alpha=0.25, gamma=1.5)], [far, hard, Options(gamma=0)], vmap=None)
    near = values('losses near', [len(FAR)], dtype, -6, 6)
    out += rows('nn.sigmoidFocalLoss', focal, [near, halves], [near, halves, Options(alpha=0.3, gamma=3)])
    out += rows('nn.hingeLoss', optax.losses.hinge_loss, [logits, np.sign(logits[::-1]).astype(dtype)])
    out += rows('nn.multiclassHingeLoss', optax.losses.multiclass_hinge_loss, [logits, labels], [logits[0], np.array(3, np.int32)])
    poly = optax.losses.poly_loss_cross_entropy
    out += rows('nn.polyLossCrossEntropy', poly, [logits, soft], [logits, soft, Options(epsilon=-1)],
                [logits, soft, Options(axis=0)])
    # optax's own derivatives are NaN behind a mask.
    out += only_values('nn.polyLossCrossEntropy', poly, [logits, soft, Options(where=mask)])
    out += rows('nn.smoothLabels', optax.losses.smooth_labels, [soft, 0.1], [soft, 0.3, Options(axis=0)])
    out += rows('nn.smoothLabels', optax.losses.smooth_labels, [soft, 0.1, Options(where=mask)], vmap=None)
    ranking = lambda x, y, reduction='mean', **o: optax.losses.ranking_softmax_loss(
        x, y, reduce_fn={'mean': jnp.mean, 'sum': jnp.sum, 'none': None}[reduction], **o)
    out += rows('nn.rankingSoftmaxLoss', ranking, [logits, soft], [logits, soft, Options(reduction='none')],
                [logits, soft, Options(reduction='sum')], [logits[0], soft[0]])
    some = mask.copy()
    some[1] = False
    weights = values('losses weights', [4, 5], dtype, 0, 2)
    out += only_values('nn.rankingSoftmaxLoss', ranking, [logits, soft, Options(where=mask)], [logits, soft, Options(where=some)],
                       [logits, soft, Options(where=some, reduction='none')], [logits, soft, Options(weights=weights)])
    return out


def divergences(dtype):
    log_p = np.asarray(jax.nn.log_softmax(values('losses kl p', [3, 4], dtype, -6, 6))).round(4).astype(dtype)
    q = np.asarray(jax.nn.softmax(values('losses kl q', [3, 4], dtype))).round(4).astype(dtype)
    zero = np.array([[0, 1, 0, 0], [0, 0.5, 0.5, 0], [0.25, 0.25, 0.25, 0.25]], dtype)
    mask = np.array([[1, 1, 0, 1], [1, 1, 1, 1], [1, 0, 0, 1]], bool)
    out = []
    for name, f, t in [('klDivergence', optax.losses.kl_divergence, q), ('convexKlDivergence', optax.losses.generalized_kl_divergence, q),
                       ('klDivergenceWithLogTargets', optax.losses.kl_divergence_with_log_targets, np.log(q).round(4))]:
        out += rows(f'nn.{name}', f, [log_p, t], [log_p, t, 0], [log_p, t, [0, 1]])
        out += rows(f'nn.{name}', f, [log_p, t, -1, Options(where=mask)], vmap=None)
    return out + only_values('nn.klDivergence', optax.losses.kl_divergence, [log_p, zero])


def contrastive(dtype):
    make = lambda tag: values(f'losses triplet {tag}', [3, 4], dtype)
    triplet = lambda *a, norm_degree=2, margin=1.0, eps=1e-6: optax.losses.triplet_margin_loss(
        *a, norm_degree=norm_degree, margin=margin, eps=eps)
    a, p, n = make('a'), make('p'), make('n')
    out = rows('nn.tripletMarginLoss', triplet, [a, p, n], [a, p, n, 0], [a, p, n, -1, Options(margin=5, eps=1e-3)],
               [a, p, n, -1, Options(normDegree=4)])
    e = values('losses ntxent', [6, 3], dtype)
    labels = np.array([0, 1, 2, 0, 1, 0], np.int32)
    return out + rows('nn.ntxent', optax.losses.ntxent, [e, labels], [e, labels, 0.5], [e, np.array([1, 1, 1, 1, 2, 3], np.int32), 1.0],
                      vmap=None)


def dice(dtype):
    logits = values('losses dice', [2, 3, 3, 4], dtype)
    targets = np.eye(4, dtype=dtype)[np.array([[[0, 1, 2], [3, 3, 3], [0, 0, 1]]] * 2)]
    one = logits[..., :1].copy(), targets[..., :1].copy()
    weights = np.array([0.5, 1, 2, 1], dtype)
    f = optax.losses.dice_loss
    out = rows('nn.diceLoss', f, [logits, targets], [*one], [one[0][..., 0].copy(), one[1]],
               [logits, targets, Options(reduction='none')], [logits, targets, Options(reduction='sum', smooth=0.1)],
               [logits, targets, Options(alpha=0.3, beta=0.7, ignoreBackground=True)], vmap=None)
    return out + rows('nn.diceLoss', f, [logits, targets, Options(classWeights=weights)], vmap=None)


def ctc(dtype):
    logits = values('losses ctc', [3, 6, 4], dtype)
    logit_paddings = np.array([[0] * 6, [0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1]], dtype)
    labels = np.array([[1, 2, 2], [3, 1, 0], [2, 0, 0]], np.int32)
    label_paddings = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1]], dtype)
    # Paddings are no numbers to differentiate by.
    f = lambda x, pad, y, label_pad, **o: optax.losses.ctc_loss(x, jnp.array(pad, dtype), y, jnp.array(label_pad, dtype), **o)
    pads = [p.tolist() for p in (logit_paddings, label_paddings)]
    return rows('nn.ctcLoss', f, [logits, pads[0], labels, pads[1]], [5 * logits, pads[0], labels, pads[1]],
                [logits, pads[0], np.array([[1, 2, 2], [0, 1, 0], [2, 0, 0]], np.int32), pads[1], Options(blankId=3)], vmap=None)


def cases(dtype):
    return [*torch_losses(dtype), *regression(dtype), *decisions(dtype), *divergences(dtype), *contrastive(dtype), *dice(dtype),
            *ctc(dtype)]

"""Metrics (Keras, and definitions written out where Keras has none); test/golden/metrics.ts has the same functions by name."""

import os

import numpy as np
from cases import Options, only_values, values


def keras_metrics():
    os.environ['KERAS_BACKEND'] = 'jax'
    import keras

    return keras.metrics


def of_keras(make):
    """Updated by two batches."""

    def f(predictions, targets, weights=None):
        metric = make()
        for part in [slice(0, 3), slice(3, None)]:
            metric.update_state(targets[part], predictions[part], None if weights is None else weights[part])
        return np.float32(metric.result())

    return f


def counts(scores, labels, classes):
    called = np.argmax(scores, -1)
    matrix = np.zeros([classes, classes], np.float32)
    for c, y in zip(called, labels):
        matrix[y, c] += 1
    tp = np.diag(matrix)
    return matrix, tp, matrix.sum(0) - tp, matrix.sum(1) - tp


def by_class(score):
    """The averages of sklearn, of a score of true positives, false positives and false negatives."""

    def f(scores, labels, classes=None, average='macro'):
        _, tp, fp, fn = counts(scores, labels, classes)
        one = lambda *x: np.divide(*score(*x), out=np.zeros_like(score(*x)[0]), where=score(*x)[1] > 0)
        if average == 'micro':
            top, bottom = score(tp.sum(), fp.sum(), fn.sum())
            return np.float32(top / bottom)
        each = one(tp, fp, fn).astype(np.float32)
        if average == 'none':
            return each
        weights = None if average == 'macro' else tp + fn
        return np.float32(np.average(each, weights=weights))

    return f


def cases():
    m = keras_metrics()
    n, classes = 7, 4
    scores = values('metrics scores', [n, classes], np.float32)
    labels = np.array([0, 3, 1, 1, 2, 0, 3], np.int32)
    weights = np.array([1, 0, 2, 0.5, 1, 1, 3], np.float32)
    p, t = values('metrics p', [n, 3]), values('metrics t', [n, 3])
    chance = values('metrics chance', [40], np.float32, 0, 1)
    truth = (values('metrics truth', [40], np.float32, 0, 1) + 0.4 * chance > 0.7).astype(np.float32)
    some = values('metrics some', [40], np.float32, 0, 2)
    out = []
    for name, make in [('accuracy', m.SparseCategoricalAccuracy), ('top2', lambda: m.SparseTopKCategoricalAccuracy(2))]:
        out += only_values(f'metrics.{name}', of_keras(make), [scores, labels], [scores, labels, weights])
    for name, make in [('meanSquaredError', m.MeanSquaredError), ('meanAbsoluteError', m.MeanAbsoluteError),
                       ('cosineProximity', m.CosineSimilarity), ('r2Score', m.R2Score)]:
        out += only_values(f'metrics.{name}', of_keras(make), [p, t], [p, t, weights])
    for name, make in [('binaryAccuracy', m.BinaryAccuracy), ('precision', m.Precision), ('recall', m.Recall), ('rocAuc', m.AUC),
                       ('prAuc', lambda: m.AUC(curve='PR')), ('rocAuc10', lambda: m.AUC(num_thresholds=10)),
                       ('prAuc10', lambda: m.AUC(num_thresholds=10, curve='PR'))]:
        # Keras weighs the binary accuracy of examples with an axis of their own only.
        shape = [40, 1] if name == 'binaryAccuracy' else [40]
        out += only_values(f'metrics.{name}', of_keras(make), [chance.reshape(shape), truth.reshape(shape)],
                           [chance.reshape(shape), truth.reshape(shape), some])
    called = lambda make: lambda x, y: of_keras(make)(np.argmax(x, -1), y)
    out += only_values('metrics.iou', called(lambda: m.MeanIoU(classes)), [scores, labels], [scores, np.minimum(labels, 1)])
    for name, score in [('precision', lambda tp, fp, fn: (tp, tp + fp)), ('recall', lambda tp, fp, fn: (tp, tp + fn)),
                        ('f1', lambda tp, fp, fn: (2 * tp, 2 * tp + fp + fn))]:
        for average in ['macro', 'micro', 'weighted', 'none']:
            out += only_values(f'metrics.{name}', by_class(score), [scores, labels, Options(classes=classes, average=average)])
    out += only_values('metrics.confusionMatrix', lambda x, y: counts(x, y, classes)[0], [scores, labels])
    log_p = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    out += only_values('metrics.perplexity', lambda x, y: np.exp(-log_p[np.arange(n), y].mean()), [scores, labels])
    far = (values('metrics far', [n, 2]) + 10).astype(np.float32)
    wide = far.astype(np.float64)
    out += only_values('metrics.welford', lambda x: [np.float32(wide.mean(0)), np.float32(wide.std(0)), np.float32(wide.var(0))], [far])
    out += only_values('metrics.average', lambda x, w: np.float32((x * w).sum() / w.sum()), [p[:, 0].copy(), weights])
    return out

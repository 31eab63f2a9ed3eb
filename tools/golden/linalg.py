"""
Linear algebra on well-conditioned matrices. Eigenvectors, singular vectors and orthogonal factors have free signs, so that
functions of them that do not depend on the signs are compared; test/golden/linalg.ts has the same functions.
"""

import jax
import jax.numpy as jnp
import numpy as np
from cases import FORWARD, Options, rows, values

la = jnp.linalg


def general(name, n, dtype, *lead):
    """Near 3 times the identity: well-conditioned."""
    return (values(f'{name} {n} {lead}', [*lead, n, n], np.float64, -1, 1) + 3 * np.eye(n)).round(3).astype(dtype)


def definite(name, n, dtype, *lead):
    """Symmetric, with eigenvalues well apart: a diagonal 1, 3, 5, … and small off-diagonal elements."""
    a = values(f'{name} {n} {lead}', [*lead, n, n], np.float64, -0.4, 0.4)
    return (a + np.swapaxes(a, -1, -2) + np.diag(1.5 + 2 * np.arange(n))).round(3).astype(dtype)


def tall(name, m, n, dtype, *lead):
    """Singular values well apart."""
    a = values(f'{name} {m} {n} {lead}', [*lead, m, n], np.float64, -0.4, 0.4)
    return (a + np.eye(m, n) * (1 + 2 * np.arange(n))).round(3).astype(dtype)


# ------------------------------------------------------------------------------------ compositions, free of signs


def symmetric(a):
    return (a + jnp.swapaxes(a, -1, -2)) / 2


def from_eigh(a):
    """V diag(w³ / 10) Vᵀ, which is A³ / 10, and the eigenvalues."""
    w, v = la.eigh(a)
    return jnp.matmul(v * (w**3 / 10)[..., None, :], jnp.swapaxes(v, -1, -2)), w


def matrix_log(a):
    """V diag(log w) Vᵀ."""
    w, v = la.eigh(a)
    return jnp.matmul(v * jnp.log(w)[..., None, :], jnp.swapaxes(v, -1, -2))


def from_svd(a):
    """U diag(√s) Vᵀ of the thin decomposition, and the singular values."""
    u, s, vh = la.svd(a, full_matrices=False)
    return jnp.matmul(u * jnp.sqrt(s)[..., None, :], vh), s


def full_svd(a):
    """The absolute values of the square factors' entries: U and V of the full decomposition."""
    u, s, vh = la.svd(a, full_matrices=True)
    return jnp.matmul(u[..., : s.shape[-1]] * s[..., None, :], vh[..., : s.shape[-1], :]), jnp.matmul(u, jnp.swapaxes(u, -1, -2))


def from_qr(a):
    """Q and R with the signs that make R's diagonal positive."""
    q, r = la.qr(a)
    sign = jnp.sign(jnp.diagonal(r, axis1=-2, axis2=-1))
    return q * sign[..., None, :], r * sign[..., :, None]


def triangular(a, b, **options):
    return jax.lax.linalg.triangular_solve(a, b, **options)


def cases(dtype):
    out = []
    g1, g2, g3, gb = (general('general', *n) for n in [(1, dtype), (2, dtype), (4, dtype), (3, dtype, 2)])
    v = lambda *shape: values(f'linalg v {shape}', shape, dtype)
    out += rows('numpy.linalg.inv', la.inv, [g1], [g2], [g3], [gb], [np.zeros([0, 0], dtype)], vmap=0)
    out += rows('numpy.linalg.solve', la.solve, [g1, v(1)], [g3, v(4)], [g3, v(4, 2)], [gb, v(2, 3, 2)], [gb, v(3, 2)],
                [g2, v(5, 2, 1)],
                vmap=0)
    out += rows('numpy.linalg.det', la.det, [g1], [g2], [g3], [gb], [np.array([[0, 1, 0], [1, 0, 0], [0, 0, 2]], dtype)], vmap=0)
    out += rows('numpy.linalg.det', la.det, [np.zeros([0, 0], dtype)], derivatives=(), vmap=None)
    out += rows('numpy.linalg.det', la.det, [np.array([[1, 2], [2, 4]], dtype)], derivatives=(FORWARD,), vmap=None)
    out += rows('numpy.linalg.slogdet', lambda a: tuple(la.slogdet(a)), [g1], [g2], [g3], [gb], [-g3],
                [g3[[1, 0, 2, 3]].copy()], vmap=0)
    d1, d2, d3, db = (definite('definite', *n) for n in [(1, dtype), (2, dtype), (4, dtype), (3, dtype, 2)])
    plain = [[d1], [d2], [d3], [db]]
    out += rows('numpy.linalg.cholesky', la.cholesky, *plain, [d3, Options(upper=True)], [np.zeros([0, 0], dtype)], vmap=None)
    out += rows('linalg.fromEigh', from_eigh, *plain, vmap=None) + rows('linalg.matrixLog', matrix_log, *plain, vmap=None)
    t = [tall('tall', *n) for n in [(1, 1, dtype), (3, 3, dtype), (4, 2, dtype), (3, 2, dtype, 2)]]
    wide = [np.swapaxes(t[2], -1, -2).copy(), np.swapaxes(t[3], -1, -2).copy()]
    out += rows('linalg.fromSvd', from_svd, *[[a] for a in t + wide], vmap=0)
    out += rows('linalg.fullSvd', full_svd, *[[a] for a in t[1:] + wide], vmap=0, derivatives=())
    out += rows('linalg.singularValues', lambda a: la.svd(a, compute_uv=False), *[[a] for a in t + wide], vmap=0)
    out += rows('linalg.fromQr', from_qr, *[[a] for a in t], vmap=0)
    out += rows('numpy.linalg.pinv', la.pinv, *[[a] for a in t + wide], vmap=0)
    for lower in [True, False]:
        a = np.tril(g3) if lower else np.triu(g3)
        more = dict(leftSide=True, lower=lower)
        out += rows('lax.linalg.triangularSolve', triangular, [a, v(4, 2), Options(**more)],
                    [a, v(4, 2), Options(**more, transposeA=True)],
                    [a, v(2, 4), Options(lower=lower)], [a, v(4, 1), Options(**more, unitDiagonal=True)],
                    [np.tril(gb) if lower else np.triu(gb), v(2, 3, 2), Options(**more)], vmap=[None, 0])
    return [*out, *norms(dtype)]


def norms(dtype):
    v, m, b = values('norm v', [5], dtype), values('norm m', [3, 4], dtype), values('norm b', [2, 3, 4], dtype)
    inf = float('inf')
    keep = Options(keepdims=True)
    out = rows('numpy.linalg.norm', la.norm, *[[v, p] for p in [None, 1, 2, 3, inf, -inf, 0.5]], [v, 0], [v, 2, 0, keep],
               [np.array([3, -4], dtype)], [v[:1]])
    out += rows('numpy.linalg.norm', la.norm, [m], [m, None, 0], [m, None, 1, keep], [m, 1, 1], [m, inf, 0], [m, 'fro'],
                [m, 1], [m, -1],
                [m, inf], [m, -inf], [m, None, [0, 1], keep], [b, None, [1, 2]], [b, 1, [0, 2]],
                [b, None, None], [b, 2, -1], vmap=0)
    out += rows('numpy.linalg.norm', la.norm, [m, 2], [m, 'nuc'], [m, -2], vmap=None)
    return out

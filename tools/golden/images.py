"""Augmentation and resizing of images: jax.image, jax.scipy.ndimage, and formulas of single images mapped over draws."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import Options, rows, values
from jax.scipy.ndimage import map_coordinates


def pair(x):
    return (x, x) if isinstance(x, (int, float)) else x


def windows(key, images, around, size):
    """A window of each padded image: rows and columns are chosen by comparing positions, not by slicing."""
    n, height, width, _ = images.shape
    (above, beside), (tall, wide) = around, size
    row_key, column_key = jax.random.split(key)
    tops = jax.random.randint(row_key, (n,), 0, height + 2 * above - tall + 1, jnp.int32)
    lefts = jax.random.randint(column_key, (n,), 0, width + 2 * beside - wide + 1, jnp.int32)
    chosen = lambda first, before, length, extent: (
        (first[:, None] + jnp.arange(length))[:, :, None] - before == jnp.arange(extent)).astype(images.dtype)
    down, across = chosen(tops, above, tall, height), chosen(lefts, beside, wide, width)
    return jnp.einsum('nyh,nxw,nhwc->nyxc', down, across, images, precision='highest')


def crop(key, images, size, padding=0):
    return windows(key, images, pair(padding), pair(size))


def shift(key, images, most):
    return windows(key, images, pair(most), images.shape[1:3])


def flip(key, images, probability=0.5, direction='horizontal'):
    chosen = jax.random.bernoulli(key, np.float32(probability), (images.shape[0], 1, 1, 1))
    flipped = images[:, :, ::-1] if direction == 'horizontal' else images[:, ::-1]
    return jnp.where(chosen, flipped, images)


def cutout(key, images, size):
    n, height, width, _ = images.shape
    tall, wide = pair(size)
    row_key, column_key = jax.random.split(key)
    rows = jax.random.randint(row_key, (n, 1, 1, 1), 0, height, jnp.int32)[:, 0, 0, 0]
    columns = jax.random.randint(column_key, (n, 1, 1, 1), 0, width, jnp.int32)[:, 0, 0, 0]

    def one(image, row, column):
        y, x = jnp.mgrid[:height, :width]
        y, x = y - row + tall // 2, x - column + wide // 2
        return image * ~((0 <= y) & (y < tall) & (0 <= x) & (x < wide))[:, :, None]

    return jax.vmap(one)(images, rows, columns)


def noise(key, images, scale):
    return images + scale * jax.random.normal(key, images.shape, images.dtype)


def normalize(images, mean, deviation):
    return (images - jnp.asarray(mean, images.dtype)) / jnp.asarray(deviation, images.dtype)


def resize(images, size, method='bilinear', antialias=True):
    n, _, _, channels = images.shape
    return jax.image.resize(images, (n, *pair(size), channels), method, antialias, precision='highest')


def rotate_by(images, angles):
    n, height, width, channels = images.shape

    def one(image, angle):
        y, x = jnp.mgrid[:height, :width].astype(images.dtype)
        y, x = y - (height - 1) / 2, x - (width - 1) / 2
        at = [x * jnp.sin(angle) + y * jnp.cos(angle) + (height - 1) / 2,
              x * jnp.cos(angle) - y * jnp.sin(angle) + (width - 1) / 2]
        return jnp.stack([map_coordinates(image[:, :, c], at, order=1) for c in range(channels)], -1)

    return jax.vmap(one)(images, jnp.broadcast_to(jnp.asarray(angles, images.dtype), (n,)))


def rotate(key, images, most):
    return rotate_by(images, jax.random.uniform(key, images.shape[:1], images.dtype, -most, most))


def mixup(key, images, labels, alpha=0.2):
    n = images.shape[0]
    partner_key, share_key = jax.random.split(key)
    partner = jax.random.permutation(partner_key, n)
    radius_key, angle_key = jax.random.split(share_key)
    u = 1 - jax.random.uniform(radius_key, (n,), images.dtype)
    t = jnp.sqrt(2 * alpha * (u ** (-1 / alpha) - 1)) * jnp.cos(2 * jnp.pi * jax.random.uniform(angle_key, (n,), images.dtype))
    share = 0.5 + t / (2 * jnp.sqrt(2 * alpha + t * t))
    mix = lambda a: (lambda own: own * a + (1 - own) * jnp.asarray(a)[partner])(share.reshape([n] + [1] * (a.ndim - 1)))
    return mix(images), mix(labels)


def cases(dtype):
    key = lambda seed: np.array(jax.random.PRNGKey(seed), np.uint32)
    x = values('images', [3, 5, 4, 2], dtype)
    tall, one = values('tall images', [2, 7, 3, 1], dtype), values('one image', [1, 4, 4, 1], dtype)
    labels = np.eye(4, dtype=dtype)[:3]
    at = lambda name: f'data.image.{name}'
    out = rows(at('crop'), crop, [key(1), x, [3, 2]], [key(2), x, 4], [key(3), tall, [7, 3], Options(padding=[2, 1])],
               [key(4), one, 4], [key(5), x, [5, 4], Options(padding=1)])
    out += rows(at('shift'), shift, [key(1), x, 1], [key(2), x, [2, 0]], [key(3), tall, [0, 4]], [key(4), one, 0])
    out += rows(at('flip'), flip, [key(1), x], [key(2), x, Options(direction='vertical')], [key(3), tall, Options(probability=0.2)],
                [key(4), one, Options(probability=1)], [key(5), one, Options(probability=0)])
    out += rows(at('cutout'), cutout, [key(1), x, 2], [key(2), x, [3, 1]], [key(3), tall, 9], [key(4), one, 0])
    out += rows(at('noise'), noise, [key(1), x, 0.3], [key(2), one, 0], [key(3), tall, 2])
    out += rows(at('normalize'), normalize, [x, 0.1307, 0.3081], [x, [0.5, -0.25], [0.5, 2]],
                [tall, values('mean', [1], dtype), values('deviation', [1], dtype, 1, 2)])
    sizes = [[10, 8], [3, 2], [2, 7], 1, [5, 4], 6]
    out += rows(at('resize'), resize, *[[x, s] for s in sizes], *[[tall, s, Options(antialias=False)] for s in sizes],
                *[[one, s, Options(method='nearest')] for s in sizes], [x, [3, 9], Options(method='nearest')])
    out += rows(at('rotateBy'), rotate_by, [x, values('angles', [3], dtype)], [x, 0.3], [tall, values('two angles', [2], dtype)],
                [one, -2.5])
    out += rows(at('rotate'), rotate, [key(1), x, 0.5], [key(2), tall, 3], [key(3), one, 0.1])
    out += rows(at('mixup'), mixup, [key(1), x, labels, 1], [key(2), x, labels, 0.4], [key(3), x, labels], [key(4), one, labels[:1], 2])
    return out

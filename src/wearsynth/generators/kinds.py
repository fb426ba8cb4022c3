"""The kinds of generator by name: how each is made again from its sizes and weights."""

from collections.abc import Callable, Mapping

from torch import Tensor

from wearsynth.errors import ModelError, did_you_mean
from wearsynth.generators import Sampler
from wearsynth.generators.flow import make_flow
from wearsynth.generators.gan import make_gan
from wearsynth.generators.mixture import mixture_from
from wearsynth.generators.records import RecordShape
from wearsynth.generators.shifted import shifted_from

Sizes = Mapping[str, int]
Weights = Mapping[str, Tensor]


def _flow(shape: RecordShape, sizes: Sizes, weights: Weights) -> Sampler:
    flow = make_flow(shape, width=sizes["width"], few_steps=sizes["few_steps"], seed=0)
    flow.net.load_state_dict(dict(weights))
    return flow


def _wgan_gp(shape: RecordShape, sizes: Sizes, weights: Weights) -> Sampler:
    gan = make_gan(shape, width=sizes["width"], latent=sizes["latent"], seed=0)
    gan.generator.load_state_dict(dict(weights))
    return gan


def _lstm_gan(shape: RecordShape, sizes: Sizes, weights: Weights) -> Sampler:
    gan = make_gan(shape, network="lstm", width=sizes["width"], latent=sizes["latent"], seed=0)
    gan.generator.load_state_dict(dict(weights))
    return gan


def _mixture(shape: RecordShape, _sizes: Sizes, weights: Weights) -> Sampler:
    return mixture_from(shape, weights)


def _few_numbers(shape: RecordShape, _sizes: Sizes, weights: Weights) -> Sampler:
    return shifted_from(shape, weights)


KINDS: dict[str, Callable[[RecordShape, Sizes, Weights], Sampler]] = {
    "flow": _flow,
    "mixture": _mixture,
    "few-numbers": _few_numbers,
    "wgan-gp": _wgan_gp,
    "lstm-gan": _lstm_gan,
}
"""Name -> (record shape, sizes, weights) -> the fitted generator."""


def generator_of(kind: str, shape: RecordShape, sizes: Sizes, weights: Weights) -> Sampler:
    """Give a fitted generator; ModelError where the kind is unknown or weights do not fit."""
    if kind not in KINDS:
        raise ModelError(f"unknown kind of generator {kind!r}.{did_you_mean(kind, KINDS)}")
    try:
        return KINDS[kind](shape, sizes, weights)
    except (RuntimeError, KeyError) as error:
        raise ModelError(f"the weights do not fit a {kind} of this form: {error}") from error

"""6.1: a convolution and the BatchNorm after it become one convolution."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute, each, ulps

HALF_SPACING = 2.0**-24  # what one rounding to float32 may change, as a share of the value


def _tolerance(weight, bias, gamma, beta, mean, var, eps):
    """Weights by relative roundings, biases by absolute ones: a bias may nearly cancel.

    The factor gamma / sqrt(var + eps) has at most 3.5 roundings of half a spacing (the sum, halved
    by the root; the root; 1 / root; the product), a weight one more: 5 spacings are enough. A bias
    rounds b - mean, the factor, the product and the last sum: the first three stay below 6
    roundings of (|b| + |mean|) * |factor|, the sum adds one of all three terms.
    """
    factor = np.abs(gamma) / np.sqrt(var.astype(np.float64) + eps)
    terms = 7 * (np.abs(bias) + np.abs(mean)) * factor + np.abs(beta)
    return each(weight=ulps(5), bias=absolute(float(terms.max()) * HALF_SPACING))


@exercise("6.1", "Two layers become one", points=3, difficulty=2, importance=5, minutes=10)
class TwoLayersBecomeOne:
    answer = "fold"
    hints = (
        "Write BatchNorm as `y * factor + something`. What is y, and which axis is the channel's?",
        "factor = gamma / sqrt(var + eps). The weights of output channel m are multiplied by "
        "factor[m]; what the bias becomes, you get by putting weight·x + bias in place of y.",
        "weight * factor.reshape(-1, 1, 1, 1), and (bias - mean) * factor + beta; reshape to as "
        "many axes as the weight has.",
    )
    insight = (
        "The factor differs from channel to channel: folding alone makes the rows of a weight "
        "unequal, and one ruler for all of them coarse."
    )
    within = _tolerance
    forbid = ("quantlab",)

    def cases(rng):
        return [
            group(
                "by hand",
                1,
                "The folded layer gives what the layer and BatchNorm give, one after the other.",
                [_layer(np.random.default_rng(1), (2, 1, 1, 1)), _layer(rng, (2, 1, 1, 1))],
            ),
            group(
                "convolutions",
                1,
                "Each output channel, axis 0 of the weight, has a factor of its own.",
                [
                    _layer(np.random.default_rng(2), (3, 2, 3, 1)),
                    _layer(np.random.default_rng(3), (4, 4, 1, 1)),  # the wrong axis fits too
                    _turned(_layer(np.random.default_rng(6), (3, 2, 2, 1))),
                    _layer(rng, (5, 5, 2, 3)),
                ],
            ),
            group(
                "depthwise and linear",
                1,
                "Axis 0 is the output channel, whatever follows it.",
                [
                    _layer(np.random.default_rng(4), (6, 1, 3, 2)),
                    _layer(np.random.default_rng(5), (3, 3)),
                    _layer(rng, (4, 7)),
                ],
            ),
        ]

    def oracle(weight, bias, gamma, beta, mean, var, eps):
        import torch  # late: `quantlab status` reads every exercise
        from torch.nn.utils.fusion import fuse_conv_bn_weights

        # Torch's own folding, in double precision.
        w, b, g, shift, m, v = (
            torch.from_numpy(np.asarray(part, dtype=np.float64))
            for part in (weight, bias, gamma, beta, mean, var)
        )
        folded, moved = fuse_conv_bn_weights(w, b, m, v, eps, g, shift)
        return folded.detach().numpy(), moved.detach().numpy()

    @misconception("What divides when the variance of a channel is nearly 0?")
    def forgets_eps(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, gamma / np.sqrt(var), beta, mean)

    @misconception("BatchNorm divides by a standard deviation. Is `var` one?")
    def divides_by_the_variance(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, gamma / (var + eps), beta, mean)

    @misconception("BatchNorm adds eps before one step and not after it. Before which?")
    def adds_eps_to_the_deviation(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, gamma / (np.sqrt(var) + eps), beta, mean)

    @misconception("BatchNorm does two things to a normalized value. Where is gamma?")
    def forgets_gamma(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, 1 / np.sqrt(var + eps), beta, mean)

    @misconception("What does BatchNorm add at the very end?")
    def forgets_beta(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, gamma / np.sqrt(var + eps), 0 * beta, mean)

    @misconception("What does BatchNorm take away before it divides?")
    def forgets_the_mean(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, gamma / np.sqrt(var + eps), beta, 0 * mean)

    @misconception("The mean is taken away before the factor. By what is it multiplied then?")
    def takes_the_mean_away_last(weight, bias, gamma, beta, mean, var, eps):
        factor = gamma / np.sqrt(var + eps)
        return _times(weight, factor), bias * factor - mean + beta

    @misconception("A gamma below 0 was learned as well. What does it do to its channel?")
    def loses_the_sign_of_gamma(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, np.abs(gamma) / np.sqrt(var + eps), beta, mean)

    @misconception("BatchNorm centres the values on 0. Is the mean added or taken away?")
    def adds_the_mean(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, gamma / np.sqrt(var + eps), beta, -mean)

    @misconception("The layer's own bias goes through BatchNorm as well. What happens to it there?")
    def leaves_the_bias_unscaled(weight, bias, gamma, beta, mean, var, eps):
        factor = gamma / np.sqrt(var + eps)
        return _times(weight, factor), bias - mean * factor + beta

    @misconception("The layer had a bias before. Where did it go?")
    def drops_the_bias(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, 0 * bias, gamma / np.sqrt(var + eps), beta, mean)

    @misconception("beta is added after the scaling. Does the factor reach it?")
    def scales_beta(weight, bias, gamma, beta, mean, var, eps):
        factor = gamma / np.sqrt(var + eps)
        return _times(weight, factor), (bias - mean + beta) * factor

    @misconception("Only the bias has changed. By what does BatchNorm multiply the weights?")
    def leaves_the_weight(weight, bias, gamma, beta, mean, var, eps):
        return weight, _fold(weight, bias, gamma / np.sqrt(var + eps), beta, mean)[1]

    @misconception("gamma / sqrt(…) or sqrt(…) / gamma: which of them makes wide channels narrow?")
    def factor_upside_down(weight, bias, gamma, beta, mean, var, eps):
        return _fold(weight, bias, np.sqrt(var + eps) / gamma, beta, mean)


def _times(weight, factor):
    return weight * factor.reshape(-1, *[1] * (weight.ndim - 1))


def _fold(weight, bias, factor, beta, mean):
    return _times(weight, factor), (bias - mean) * factor + beta


def _layer(rng, shape):
    """A layer and a BatchNorm whose six parts all matter: none is near 0, and eps is large."""
    channels = shape[0]
    bias, beta, mean = (_away_from_zero(rng, channels) for _ in range(3))
    gamma, var = (rng.uniform(0.3, 2.5, channels).astype(np.float32) for _ in range(2))
    weight = rng.normal(size=shape).astype(np.float32)
    return weight, bias, gamma, beta, mean, var, float(rng.choice([0.01, 0.05]))


def _turned(layer):
    """The same layer with gamma below 0 in its first channel."""
    weight, bias, gamma, *rest = layer
    return weight, bias, gamma * np.where(np.arange(len(gamma)) == 0, -1, 1).astype("f"), *rest


def _away_from_zero(rng, count):
    return (rng.choice([-1, 1], count) * rng.uniform(0.3, 2.0, count)).astype(np.float32)

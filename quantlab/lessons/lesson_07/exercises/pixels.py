"""7.5: do two pipelines show the same pixels?"""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute, each


def _tolerance(a, b):
    """Sums of fewer than 2^9 float32 numbers are off by 2^9 · 2^-24 of themselves at most; a
    variance is a difference of two sums of up to 10 times its size, a slope a quotient of two.
    That makes 2 · 10 · 2^-15, below 0.001 of the slope; the offset is a mean less slope × mean.
    """
    slope = float(np.ptp(b)) / float(np.ptp(a))
    farthest = float(np.abs(a).max())
    return each(
        gain=absolute(0.001 * slope),
        offset=absolute(0.001 * (slope * farthest + float(np.abs(b).max()))),
    )


@exercise("7.5", "The same pixels?", points=4, difficulty=3, importance=5, minutes=9)
class GainAndOffset:
    answer = "gain_and_offset"
    forbid = (*FROM_SCRATCH, "quantlab.analysis")
    hints = (
        "Draw a as x and b as y: every pixel is a point. On which figure do all points lie?",
        "Two different pixels fix a line: gain is the rise over the run, and offset is what is "
        "left of b at a = 0.",
        "i, j = a.argmin(), a.argmax(); gain = (b.flat[j] - b.flat[i]) / (a.flat[j] - a.flat[i]); "
        "offset = b.flat[i] - gain * a.flat[i]",
    )
    insight = "1 and 0 mean the same pixels; 255, 0.25 and −1 each have a name in a pipeline."

    within = _tolerance

    def cases(rng):
        line = "All pixels of b are gain × a + offset, with these two numbers."
        scene = np.random.default_rng(3)
        return [
            group(
                "the same pixels",
                1,
                "Nothing was changed.",
                [_case(scene, 1.0, 0.0), _case(rng, 1.0, 0.0)],
            ),
            group(
                "a step left out",
                1,
                line,
                [
                    # (p − 0.5) / 0.25 beside p itself, and beside pixels from 0 to 255.
                    _case(scene, 0.25, 0.5),
                    _case(scene, 63.75, 127.5),
                    _case(scene, 0.25, 0.5, sky=True),
                    _case(rng, float(rng.uniform(0.2, 0.4)), float(rng.uniform(0.3, 0.6))),
                ],
            ),
            group(
                "a step done twice",
                1,
                line,
                [
                    _case(scene, 4.0, -2.0),
                    _case(rng, float(rng.uniform(3.0, 5.0)), float(rng.uniform(-3, -1))),
                ],
            ),
            group(
                "dark for bright",
                1,
                line,
                [_case(scene, -1.0, 0.0), _case(scene, -0.25, 0.5), _case(rng, -1.0, 1.0)],
            ),
        ]

    def oracle(a, b):
        # A least-squares line by LAPACK; the pixels lie on it but for float32 rounding.
        x = np.stack([a.ravel(), np.ones(a.size)], axis=1).astype(np.float64)
        gain, offset = np.linalg.lstsq(x, b.ravel().astype(np.float64), rcond=None)[0]
        return float(gain), float(offset)

    @misconception("That leads from b to a. Which way round was asked for?")
    def the_other_way_round(a, b):
        gain, offset = _fit(b, a)
        return gain, offset

    @misconception("Which of the two numbers multiplies a?")
    def swaps_the_two(a, b):
        gain, offset = _fit(a, b)
        return offset, gain

    @misconception("On which side of the equals sign did you leave gain × a?")
    def offset_with_the_wrong_sign(a, b):
        gain, offset = _fit(a, b)
        return gain, -offset

    @misconception("A mean of 0 has no quotient, and an offset moves it. What does a spread do?")
    def quotient_of_the_means(a, b):
        return float(b.mean(dtype=np.float64) / a.mean(dtype=np.float64)), 0.0

    @misconception("The pixels moved, and did they not spread as well?")
    def an_offset_alone(a, b):
        return 1.0, float(b.mean(dtype=np.float64) - a.mean(dtype=np.float64))

    @misconception("The means of a and b differ by more than the offset. What does gain do to a's?")
    def offset_without_the_gain(a, b):
        gain, _ = _fit(a, b)
        return gain, float(b.mean(dtype=np.float64) - a.mean(dtype=np.float64))

    @misconception("A spread has no sign. What if bright pixels became dark ones?")
    def spreads_have_no_sign(a, b):
        gain = float(b.std(dtype=np.float64) / a.std(dtype=np.float64))
        return gain, float(b.mean(dtype=np.float64) - gain * a.mean(dtype=np.float64))

    @misconception("Which spread goes on top, that of a or that of b?")
    def spreads_upside_down(a, b):
        gain = float(a.std(dtype=np.float64) / b.std(dtype=np.float64))
        return gain, float(b.mean(dtype=np.float64) - gain * a.mean(dtype=np.float64))

    @misconception("Is the darkest pixel of a always the darkest one of b?")
    def ranges_have_no_sign(a, b):
        gain = float(np.ptp(b)) / float(np.ptp(a))
        return gain, float(b.min()) - gain * float(a.min())

    @misconception("With an offset, is b / a the same number for every pixel?")
    def mean_of_the_quotients(a, b):
        there = a != 0
        gain = float(np.mean(b[there] / a[there], dtype=np.float64))
        return gain, float(np.mean(b - gain * a, dtype=np.float64))

    @misconception("Must the line go through 0? What would its offset be then?")
    def line_through_zero(a, b):
        x, y = a.astype(np.float64), b.astype(np.float64)
        gain = float((x * y).sum() / (x * x).sum())
        return gain, float((y - gain * x).mean())

    @misconception("`np.cov` divides by n − 1, `np.var` by n. Do the two cancel?")
    def covariance_over_variance(a, b):
        x, y = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
        gain = float(np.cov(x, y)[0, 1] / np.var(x))
        return gain, float(y.mean() - gain * x.mean())

    @misconception("The first two pixels may be equal. Which two are surely different?")
    def line_through_the_first_two(a, b):
        x, y = a.ravel(), b.ravel()
        run = x[1] - x[0]
        gain = (y[1] - y[0]) / run if run else np.float32(1)
        return float(gain), float(y[0] - gain * x[0])

    @misconception("A variance grows with the square of the spread. Which root is missing?")
    def quotient_of_the_variances(a, b):
        gain = float(b.var(dtype=np.float64) / a.var(dtype=np.float64))
        return gain, float(b.mean(dtype=np.float64) - gain * a.mean(dtype=np.float64))

    @misconception("The brightest pixel fixes one point. How many points fix a line?")
    def quotient_of_the_largest(a, b):
        return float(b.max() / a.max()), 0.0


def _fit(a, b):
    gain, offset = np.polyfit(a.ravel().astype(np.float64), b.ravel().astype(np.float64), 1)
    return float(gain), float(offset)


def _case(rng, gain, offset, sky=False):
    """Two small normalized pictures whose mean is not 0, and what the line makes of them.

    sky  The first row of each picture has one brightness.
    """
    a = ((0.9 * rng.random((2, 3, 5, 6)) - 0.35) / 0.25).astype(np.float32)
    if sky:
        a[:, :, 0] = 1.5
    return a, (np.float32(gain) * a + np.float32(offset)).astype(np.float32)

"""The INT8 probes against integer arithmetic worked out here by hand."""

from quantlab.deploy.saturation.probe import Saturation, probe_saturation


def test_the_worst_case_is_exact_or_saturates_in_pairs():
    conv, matmul = probe_saturation()
    # 64 products of 255 * 127. A CPU without dot-product instructions adds them in 32 pairs, and
    # each pair, 64,770, stops at the largest INT16. No other outcome has an explanation.
    assert matmul.exact == 64 * 255 * 127 == 2_072_640
    assert matmul.seen in (matmul.exact, 32 * 32_767)
    # The convolution divides by 2^14: 126.504 and 63.998 round to 127 and 64.
    assert conv.exact == 127
    assert conv.seen in (127, 64)
    for probe in (conv, matmul):
        # All outputs are the same sum, so either none is wrong or every one is.
        assert probe.wrong in (0, probe.total)
        assert (probe.seen == probe.exact) == (probe.wrong == 0)
        assert probe.verdict == ("saturates" if probe.wrong else "exact")
    assert conv.total == 16 * 8 * 8
    assert matmul.total == 8 * 16


def test_the_verdict_follows_the_wrong_outputs():
    assert Saturation("Conv", 0, 9, 1, 1).verdict == "exact"
    assert Saturation("Conv", 1, 9, 1, 1).verdict == "saturates"

"""9.3: an honest ratio on paper, warm-up and disturbances included."""

from statistics import fmean, median

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import exact, ulps

#: Milliseconds of six rounds. The first one is the warm-up; in one of the others another program
#: was busy.
FP32 = (95, 24, 22, 66, 21, 20)
INT8 = (70, 10, 8, 9, 29, 11)


@exercise("9.3", "Five rounds on paper", points=3, difficulty=1, importance=5, minutes=4)
class FiveRounds:
    values = {"fp32_ms": 1.0, "int8_ms": 1.0, "speed_up": 1.0}
    asks = {
        "fp32_ms": "The median of FP32's measured rounds, in milliseconds.",
        "int8_ms": "The median of INT8's measured rounds, in milliseconds.",
        "speed_up": "How many times as fast INT8 is, by these two medians.",
    }
    hints = (
        "Which of the six rounds is no measurement?",
        "Sort the five that are left, for each model on its own. The median stands in the middle.",
        "speed_up = fp32_ms / int8_ms, with the middle of five sorted numbers above and below.",
    )
    insight = (
        "One round of each was three times as long, and neither median noticed. "
        "Exercise 9.4 says how sure such a ratio is."
    )

    def oracle(name):
        return _answers(median(FP32[1:]), median(INT8[1:]))[name]

    def within(name):
        # A median of five is one of them; the ratio is a single division.
        return ulps(2) if name == "speed_up" else exact()

    @misconception("The first round is the warm-up. Is it one of the measurements?")
    def counts_the_warm_up(name):
        return _answers(median(FP32), median(INT8))[name]

    @misconception("What does one disturbed round do to a mean, and what to a median?")
    def takes_means(name):
        return _answers(fmean(FP32[1:]), fmean(INT8[1:]))[name]

    @misconception("The middle of the list as it was measured, or of the sorted one?")
    def forgets_to_sort(name):
        return _answers(FP32[3], INT8[3])[name]

    @misconception("How often does the fastest of five rounds come? Which number is typical?")
    def takes_the_fastest(name):
        return _answers(min(FP32), min(INT8))[name]

    @misconception("Above 1 it is a speed-up. Which of the two times is then divided?")
    def upside_down(name):
        fp32, int8 = median(FP32[1:]), median(INT8[1:])
        return _answers(fp32, int8)[name] if name != "speed_up" else int8 / fp32

    @misconception("The median of five ratios is another number. What were you asked to divide?")
    def median_of_the_ratios(name):
        if name != "speed_up":
            return _answers(median(FP32[1:]), median(INT8[1:]))[name]
        return median(f / i for f, i in zip(FP32[1:], INT8[1:], strict=True))

    @misconception("That is the time saved, in per cent. How many times as fast is it?")
    def time_saved_in_per_cent(name):
        fp32, int8 = median(FP32[1:]), median(INT8[1:])
        return _answers(fp32, int8)[name] if name != "speed_up" else 100 * (fp32 - int8) / fp32

    @misconception("A median bears a slow round. How many rounds were measured?")
    def drops_the_slowest(name):
        return _answers(median(sorted(FP32[1:])[:-1]), median(sorted(INT8[1:])[:-1]))[name]

    @misconception("Those are the warm-up and the last round. Which rounds lie between?")
    def last_round(name):
        return _answers(FP32[-1], INT8[-1])[name]


def _answers(fp32, int8):
    return {"fp32_ms": fp32, "int8_ms": int8, "speed_up": fp32 / int8}

"""10.7: what is left of a speed-up, end to end."""

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import absolute

#: Milliseconds of a frame in FP32, the network's speed-up in INT8, and the budget.
BEFORE_NET, NET, AFTER_NET, SPEED_UP, BUDGET = 3.0, 16.0, 2.0, 2.5, 10.0


@exercise("10.7", "End to end on paper", points=3, difficulty=2, importance=5, minutes=6)
class EndToEnd:
    values = {"frame_ms": 1.0, "frame_speed_up": 1.0, "at_best": 1.0}
    asks = {
        "frame_ms": "Milliseconds of a whole frame with the network in INT8.",
        "frame_speed_up": "How many times as fast a whole frame becomes.",
        "at_best": "How many times as fast a frame could become with a network in no time at all.",
    }
    hints = (
        "Which of the three parts does INT8 make faster?",
        "frame_ms is 3 + 16 / 2.5 + 2. A frame took 3 + 16 + 2 before.",
        "frame_speed_up = 21 / frame_ms; at_best leaves the network out: 21 / (3 + 2).",
    )
    insight = (
        "2.5 times as fast, and the frame is not even 2 times. What stands before and behind the "
        "network is now nearly half of the frame: that is where the next millisecond is."
    )

    def oracle(name):
        whole = BEFORE_NET + NET + AFTER_NET
        share = NET / whole  # of the frame that INT8 makes faster: Amdahl's law
        return {
            "frame_ms": whole * (1 - share + share / SPEED_UP),
            "frame_speed_up": 1 / (1 - share + share / SPEED_UP),
            "at_best": 1 / (1 - share),
        }[name]

    def within(name):
        return absolute(0.005)  # who rounds to two decimals is right

    @misconception("The network takes 6.4 ms now. What else happens to a frame?")
    def the_network_alone(name):
        return _answers(NET / SPEED_UP, SPEED_UP, float("inf"))[name]

    @misconception("Does INT8 make decoding and suppression faster, too?")
    def everything_faster(name):
        whole = BEFORE_NET + NET + AFTER_NET
        return _answers(whole / SPEED_UP, SPEED_UP, whole / (BEFORE_NET + AFTER_NET))[name]

    @misconception("After the network the frame is not over. What comes then?")
    def forgets_what_follows(name):
        new = BEFORE_NET + NET / SPEED_UP
        return _answers(new, (BEFORE_NET + NET) / new, (BEFORE_NET + NET) / BEFORE_NET)[name]

    @misconception("Before the network the frame has begun. What comes first?")
    def forgets_what_precedes(name):
        new = AFTER_NET + NET / SPEED_UP
        return _answers(new, (AFTER_NET + NET) / new, (AFTER_NET + NET) / AFTER_NET)[name]

    @misconception("Above 1 it is a speed-up. Which of the two times is then divided?")
    def upside_down(name):
        whole, new = BEFORE_NET + NET + AFTER_NET, BEFORE_NET + NET / SPEED_UP + AFTER_NET
        return _answers(new, new / whole, (BEFORE_NET + AFTER_NET) / whole)[name]

    @misconception("2.5 times as fast: is the new time 2.5 times as long, or shorter?")
    def multiplies_by_the_speed_up(name):
        whole, new = BEFORE_NET + NET + AFTER_NET, BEFORE_NET + NET * SPEED_UP + AFTER_NET
        return _answers(new, whole / new, whole / (BEFORE_NET + AFTER_NET))[name]


def _answers(frame, speed_up, at_best):
    return {"frame_ms": frame, "frame_speed_up": speed_up, "at_best": at_best}

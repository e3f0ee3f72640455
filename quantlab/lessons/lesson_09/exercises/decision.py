"""9.5: acceptance criteria that a program can read."""

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact

SHIP, REJECT, MORE = "ship", "reject", "measure more"


@exercise("9.5", "Ship, reject, or measure more", points=3, difficulty=2, importance=5, minutes=5)
class Decision:
    answer = "decide"
    hints = (
        "Each criterion has three answers: surely met, surely missed, or not known yet.",
        "A loss is surely within its limit when even its high end is. A speed-up surely reaches "
        "its target when even its low end does.",
        "First: return 'reject' if lost[0] > most_lost or speed_up[1] < least_speed_up. Then ask "
        "for both to be surely met.",
    )
    insight = (
        "One criterion that is surely missed ends it, however good the other one looks. And an "
        "interval that straddles a limit is no verdict."
    )
    within = exact()

    def cases(rng):
        far = float(rng.integers(3, 6))
        return [
            group(
                "both are sure",
                1,
                "Ship what surely meets both criteria; reject what surely misses one.",
                [
                    ((0.1, 0.5), (2.1, 2.5), 0.7, 2.0),
                    ((0.9, 1.4), (2.1, 2.5), 0.7, 2.0),
                    ((0.1, 0.5), (1.2, 1.6), 0.7, 2.0),
                    ((0.9, 1.4), (1.2, 1.6), 0.7, 2.0),
                    ((-0.4, 0.3), (far, far + 1), 0.7, 2.0),
                    ((far, far + 1), (far, far + 1), 0.7, 2.0),
                ],
            ),
            group(
                "one is not known yet",
                1,
                "An interval with its limit inside is no verdict. A missed criterion is one.",
                [
                    ((0.1, 1.1), (2.1, 2.5), 0.7, 2.0),
                    ((0.1, 0.5), (1.8, 2.5), 0.7, 2.0),
                    ((0.5, 1.1), (1.8, 2.5), 0.7, 2.0),
                    ((0.9, 1.4), (1.8, 2.5), 0.7, 2.0),
                    ((0.1, 1.1), (1.2, 1.6), 0.7, 2.0),
                    ((0.0, 0.8), (2.2, 2.4), 0.7, 2.0),
                    ((0.6, 1.8), (2.2, 2.4), 0.7, 2.0),
                    ((0.1, 0.5), (1.1, 2.1), 0.7, 2.0),
                    ((0.1, 0.5), (1.9, 3.5), 0.7, 2.0),
                ],
            ),
            group(
                "at the limit",
                1,
                "`most_lost` may be lost, and `least_speed_up` is enough.",
                [
                    ((0.1, 0.7), (2.1, 2.5), 0.7, 2.0),
                    ((0.1, 0.5), (2.0, 2.5), 0.7, 2.0),
                    ((0.7, 0.9), (2.1, 2.5), 0.7, 2.0),
                    ((0.1, 0.5), (1.5, 2.0), 0.7, 2.0),
                ],
            ),
        ]

    def oracle(lost, speed_up, most_lost, least_speed_up):
        # Both as "smaller is better": a worst and a best case against a limit.
        worst = (lost[1] - most_lost, least_speed_up - speed_up[0])
        best = (lost[0] - most_lost, least_speed_up - speed_up[1])
        if max(best) > 0:
            return REJECT
        return SHIP if max(worst) <= 0 else MORE

    @misconception("The middle may be fine while an end is not. What does the interval say?")
    def looks_at_the_middle(lost, speed_up, most_lost, least_speed_up):
        fine = sum(lost) / 2 <= most_lost and sum(speed_up) / 2 >= least_speed_up
        return SHIP if fine else REJECT

    @misconception("A limit lies inside the interval. Is that a no, or not known yet?")
    def doubt_is_a_no(lost, speed_up, most_lost, least_speed_up):
        return SHIP if _met(lost, speed_up, most_lost, least_speed_up) else REJECT

    @misconception("A limit lies inside the interval. Is that a yes, or not known yet?")
    def doubt_is_a_yes(lost, speed_up, most_lost, least_speed_up):
        return REJECT if _missed(lost, speed_up, most_lost, least_speed_up) else SHIP

    @misconception("Fast enough. And does it still find what it has to find?")
    def forgets_the_loss(lost, speed_up, most_lost, least_speed_up):
        return _of_one(speed_up[0] >= least_speed_up, speed_up[1] < least_speed_up)

    @misconception("Good enough. And is it fast enough?")
    def forgets_the_speed(lost, speed_up, most_lost, least_speed_up):
        return _of_one(lost[1] <= most_lost, lost[0] > most_lost)

    @misconception("One criterion is surely missed. Can measuring the other one longer help?")
    def doubt_comes_first(lost, speed_up, most_lost, least_speed_up):
        doubt = lost[0] <= most_lost < lost[1] or speed_up[0] < least_speed_up <= speed_up[1]
        if doubt:
            return MORE
        return SHIP if _met(lost, speed_up, most_lost, least_speed_up) else REJECT

    @misconception("Must both criteria be missed, or is one enough to say no?")
    def rejects_only_both(lost, speed_up, most_lost, least_speed_up):
        if lost[0] > most_lost and speed_up[1] < least_speed_up:
            return REJECT
        return SHIP if _met(lost, speed_up, most_lost, least_speed_up) else MORE

    @misconception("Exactly the limit: may that much be lost, and is that fast enough?")
    def at_the_limit_is_a_no(lost, speed_up, most_lost, least_speed_up):
        if lost[0] >= most_lost or speed_up[1] <= least_speed_up:
            return REJECT
        return SHIP if lost[1] < most_lost and speed_up[0] > least_speed_up else MORE

    @misconception("Exactly the limit: may that much be lost, and is that fast enough?")
    def at_the_limit_is_not_met(lost, speed_up, most_lost, least_speed_up):
        if _missed(lost, speed_up, most_lost, least_speed_up):
            return REJECT
        return SHIP if lost[1] < most_lost and speed_up[0] > least_speed_up else MORE

    @misconception("The better end lies exactly at the limit. Is the criterion surely missed?")
    def at_the_limit_is_missed(lost, speed_up, most_lost, least_speed_up):
        if _met(lost, speed_up, most_lost, least_speed_up):
            return SHIP
        return REJECT if lost[0] >= most_lost or speed_up[1] <= least_speed_up else MORE

    @misconception("The better ends are good enough. And the worse ones?")
    def looks_at_the_better_ends(lost, speed_up, most_lost, least_speed_up):
        if not _missed(lost, speed_up, most_lost, least_speed_up):
            return SHIP
        missed = lost[1] > most_lost and speed_up[0] < least_speed_up
        return REJECT if missed else MORE

    @misconception("Of a loss the high end is the worse one. Which end is it of a speed-up?")
    def swaps_the_ends_of_the_speed_up(lost, speed_up, most_lost, least_speed_up):
        return _either_way(lost, speed_up[::-1], most_lost, least_speed_up)

    @misconception("One criterion is surely missed. Can measuring the other one longer help?")
    def doubt_inside_the_limits_comes_first(lost, speed_up, most_lost, least_speed_up):
        if _met(lost, speed_up, most_lost, least_speed_up):
            return SHIP
        doubt = lost[0] < most_lost < lost[1] or speed_up[0] < least_speed_up < speed_up[1]
        return MORE if doubt else REJECT

    @misconception("Is either of the two enough, or are both asked for?")
    def one_is_enough(lost, speed_up, most_lost, least_speed_up):
        if lost[1] <= most_lost or speed_up[0] >= least_speed_up:
            return SHIP
        return REJECT if _missed(lost, speed_up, most_lost, least_speed_up) else MORE


def _met(lost, speed_up, most_lost, least_speed_up):
    return lost[1] <= most_lost and speed_up[0] >= least_speed_up


def _missed(lost, speed_up, most_lost, least_speed_up):
    return lost[0] > most_lost or speed_up[1] < least_speed_up


def _either_way(lost, speed_up, most_lost, least_speed_up):
    if _met(lost, speed_up, most_lost, least_speed_up):
        return SHIP
    return REJECT if _missed(lost, speed_up, most_lost, least_speed_up) else MORE


def _of_one(met, missed):
    return REJECT if missed else SHIP if met else MORE

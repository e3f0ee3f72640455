"""9.7: when is it time to go back?"""

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact

#: The answer where the rule never fires: no window has this number.
NEVER = -1


@exercise("9.7", "A rollback rule", points=4, difficulty=2, importance=5, minutes=6)
class RollBackAt:
    answer = "roll_back_at"
    hints = (
        "Count how many windows in a row were above the limit. When does the count begin anew?",
        "A window at or below the limit sets the count back to 0. The rule fires in the window in "
        "which the count reaches `patience`.",
        "for number, share in enumerate(shares): in_a_row = in_a_row + 1 if share > limit else 0; "
        "then compare with patience.",
    )
    insight = (
        "A limit decides how much is too much, patience how long you wait to be sure. Every window "
        "of patience is served by a model that you doubt."
    )
    within = exact()

    def cases(rng):
        calm = rng.uniform(0.0, 0.25, 9).round(3)
        loud = calm.copy()
        loud[2], loud[5:8] = 0.9, rng.uniform(0.5, 0.9, 3).round(3)
        return [
            group(
                "a drift",
                2,
                "It is the window in which `patience` windows in a row have been above the limit.",
                [
                    ([0.1, 0.1, 0.4, 0.5, 0.6, 0.7], 0.3, 2),
                    ([0.1, 0.4, 0.1, 0.4, 0.1, 0.5, 0.6, 0.7], 0.3, 3),
                    ([0.2, 0.9, 0.1, 0.1, 0.4, 0.5, 0.9, 0.6], 0.3, 3),
                    ([0.9, 0.1, 0.1, 0.31, 0.31, 0.1], 0.3, 2),
                    ([float(v) for v in loud], 0.3, 2),
                ],
            ),
            group(
                "no drift",
                1,
                "Where it never happens, the answer is −1.",
                [
                    ([0.1, 0.9, 0.1, 0.9, 0.1, 0.9], 0.3, 2),
                    ([float(v) for v in calm], 0.3, 1),
                    ([0.1, 0.1, 0.1, 0.5], 0.3, 2),
                    ([], 0.3, 1),
                ],
            ),
            group(
                "at the limit",
                1,
                "A window exactly at the limit is still usual, and one window can be enough.",
                [
                    ([0.5, 0.5, 0.25, 0.75, 0.75], 0.5, 2),
                    ([0.25, 0.5, 0.625], 0.5, 1),
                    ([0.75, 0.1], 0.5, 1),
                ],
            ),
        ]

    def oracle(shares, limit, patience):
        # By looking back from every window.
        for last in range(patience - 1, len(shares)):
            if min(shares[last - patience + 1 : last + 1]) > limit:
                return last
        return NEVER

    @misconception("A calm window lay between them. Were they in a row?")
    def counts_all_of_them(shares, limit, patience):
        return _first(shares, limit, patience, reset=False)

    @misconception("That is where it began. When did the rule know?")
    def where_it_began(shares, limit, patience):
        last = _first(shares, limit, patience)
        return last if last == NEVER else last - patience + 1

    @misconception("One window was enough for you. What is `patience` for?")
    def without_patience(shares, limit, patience):
        return _first(shares, limit, 1)

    @misconception("Is a window exactly at the limit above it?")
    def at_the_limit_counts(shares, limit, patience):
        return _first([s + 1 if s == limit else s for s in shares], limit, patience)

    @misconception("How many windows had been above the limit when your rule fired?")
    def one_too_late(shares, limit, patience):
        return _first(shares, limit, patience + 1)

    @misconception("The stream's first window is number 0. With which number did you begin?")
    def counts_from_one(shares, limit, patience):
        last = _first(shares, limit, patience)
        return last if last == NEVER else last + 1

    @misconception("One loud window can lift a mean over the limit. Were all of them above it?")
    def takes_their_mean(shares, limit, patience):
        for last in range(patience - 1, len(shares)):
            if sum(shares[last - patience + 1 : last + 1]) / patience > limit:
                return last
        return NEVER

    @misconception("The run may end in the very last window. Does your loop come there?")
    def misses_the_last_window(shares, limit, patience):
        return _first(shares[:-1], limit, patience)

    @misconception("A run may begin in any window. In which windows do yours begin?")
    def looks_at_blocks(shares, limit, patience):
        for end in range(patience, len(shares) + 1, patience):
            if min(shares[end - patience : end]) > limit:
                return end - 1
        return NEVER

    @misconception("In window 0, how many windows have been seen?")
    def fires_before_patience_windows(shares, limit, patience):
        for last in range(len(shares)):
            if min(shares[max(0, last - patience + 1) : last + 1]) > limit:
                return last
        return NEVER

    @misconception("It never happened. Which answer cannot be taken for a window's number?")
    def last_window_for_never(shares, limit, patience):
        last = _first(shares, limit, patience)
        return len(shares) - 1 if last == NEVER else last

    @misconception("Calm windows are the usual thing. On which side of the limit is the drift?")
    def waits_for_calm(shares, limit, patience):
        return _first([-s for s in shares], -limit, patience)

    @misconception("The stream goes on after the rule has fired. Which time is asked for?")
    def the_last_time(shares, limit, patience):
        found = NEVER
        for last in range(patience - 1, len(shares)):
            if min(shares[last - patience + 1 : last + 1]) > limit:
                found = last
        return found


def _first(shares, limit, patience, reset=True):
    in_a_row = 0
    for number, share in enumerate(shares):
        in_a_row = in_a_row + 1 if share > limit else 0 if reset else in_a_row
        if in_a_row == patience and share > limit:
            return number
    return NEVER

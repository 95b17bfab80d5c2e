"""An alarm's life: what may happen to it in which state, and who is told."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alarms import life
from alarms.life import UNTIL_CLEARED, Kind, LifeError, Status, Transition

Moved = tuple[Status, Transition]
ACTIVE: Final = life.activate(None, "high", 500, 100)[0]
KNOWN: Final = life.acknowledge(ACTIVE, 110, "anna")[0]
CLEARED: Final = life.clear(ACTIVE, 120)[0]
CLOSED: Final = life.clear(KNOWN, 120)[0]


def test_activate_of_nothing_begins_an_occurrence_that_people_are_told_of() -> None:
    """Active, unacknowledged, with the time of its activation."""
    status, transition = life.activate(None, "high", 500, 100)
    assert (status.active, status.acknowledged, status.closed, status.silent) == (True, False, False, False)
    assert (status.level, status.severity, status.activated_ns, status.changed_ns) == ("high", 500, 100, 100)
    assert transition == Transition(Kind.ACTIVATED, 100, "high", 500, annunciate=True)


def test_activate_after_it_was_closed_has_nothing_of_the_last_occurrence() -> None:
    """Neither who acknowledged, nor its shelf, other than the caller says."""
    shelved = life.shelve(ACTIVE, 105, 900, "anna")[0]
    closed = life.acknowledge(life.clear(shelved, 120)[0], 130, "anna")[0]
    assert life.activate(closed, "low", 300, 200) == life.activate(None, "low", 300, 200)
    again, transition = life.activate(closed, "low", 300, 200, shelved_until_ns=900, suppressed=True)
    assert (again.shelved_until_ns, again.suppressed, transition.annunciate) == (900, True, False)


def test_activate_while_unacknowledged_goes_on_with_the_same_occurrence() -> None:
    """Its shelf stays; nobody has acknowledged; it is not cleared any more."""
    shelved = life.shelve(CLEARED, 125, 900, "anna")[0]
    again, transition = life.activate(shelved, "high_high", 800, 200)
    assert (again.active, again.acknowledged, again.cleared_ns, again.activated_ns) == (True, False, 0, 200)
    assert (again.level, again.severity, again.shelved_until_ns) == ("high_high", 800, 900)
    assert (transition.kind, transition.annunciate) == (Kind.ACTIVATED, False)


def test_clear_closes_only_what_was_acknowledged() -> None:
    """What nobody has acknowledged stays until somebody does."""
    assert (CLEARED.active, CLEARED.closed, CLEARED.cleared_ns) == (False, False, 120)
    assert (CLOSED.active, CLOSED.closed, CLOSED.acknowledged_by) == (False, True, "anna")
    assert life.acknowledge(CLEARED, 130, "anna")[0].closed


def test_clear_under_a_one_shot_shelf_ends_it_and_tells_nobody() -> None:
    """The next activation is told."""
    shelved = life.shelve(ACTIVE, 105, UNTIL_CLEARED, "anna")[0]
    cleared, transition = life.clear(shelved, 120)
    assert (shelved.silent, cleared.silent, transition.annunciate) == (True, False, False)
    assert life.activate(cleared, "high", 500, 130)[1].annunciate


def test_change_level_to_a_worse_one_is_to_be_acknowledged_again() -> None:
    """Who acknowledged the lesser one has not seen this one."""
    worse, transition = life.change_level(KNOWN, "high_high", 800, 200)
    assert (worse.acknowledged, worse.acknowledged_by, worse.acknowledged_ns) == (False, "", 0)
    assert (worse.level, worse.severity, worse.activated_ns, worse.changed_ns) == ("high_high", 800, 100, 200)
    assert transition == Transition(Kind.LEVEL_CHANGED, 200, "high_high", 800, annunciate=True)


@pytest.mark.parametrize("severity", [500, 400])
def test_change_level_to_one_that_is_no_worse_stays_acknowledged_and_is_quiet(severity: int) -> None:
    """It is recorded."""
    changed, transition = life.change_level(KNOWN, "low", severity, 200)
    assert changed == KNOWN._replace(level="low", severity=severity, changed_ns=200)
    assert (transition.kind, transition.annunciate) == (Kind.LEVEL_CHANGED, False)


def test_acknowledge_says_who_and_when_and_is_no_news() -> None:
    """With the comment in the transition."""
    known, transition = life.acknowledge(ACTIVE, 110, "anna@laptop", "bearing is ordered")
    assert (known.acknowledged_ns, known.acknowledged_by, known.active) == (110, "anna@laptop", True)
    assert transition == Transition(
        Kind.ACKNOWLEDGED, 110, "high", 500, annunciate=False, by="anna@laptop", comment="bearing is ordered"
    )


def test_realarm_asks_for_another_acknowledgement() -> None:
    """And tells people again."""
    again, transition = life.realarm(KNOWN, 300)
    assert again == ACTIVE._replace(changed_ns=300)
    assert transition == Transition(Kind.REALARMED, 300, "high", 500, annunciate=True)


@pytest.mark.parametrize(
    ("status", "told"), [(ACTIVE, True), (KNOWN, False), (CLEARED, False)], ids=["active", "known", "cleared"]
)
def test_unshelve_and_unsuppress_tell_of_what_is_active_and_unacknowledged(
    status: Status, told: bool
) -> None:
    """It becomes visible; the rest is old news."""
    shelved, hidden = life.shelve(status, 200, 900, "anna", "noise")
    assert (hidden.kind, hidden.annunciate, hidden.by, hidden.comment) == (
        Kind.SHELVED,
        False,
        "anna",
        "noise",
    )
    assert life.unshelve(shelved, 300) == (
        status,
        Transition(Kind.UNSHELVED, 300, "high", 500, annunciate=told),
    )
    suppressed, hidden = life.suppress(status, 200, "anna", "overhaul")
    assert (hidden.kind, hidden.annunciate) == (Kind.SUPPRESSED, False)
    assert life.unsuppress(suppressed, 300) == (
        status,
        Transition(Kind.UNSUPPRESSED, 300, "high", 500, annunciate=told),
    )


def test_unshelve_of_what_is_suppressed_still_tells_nobody() -> None:
    """One reason for silence is enough."""
    both = life.suppress(life.shelve(ACTIVE, 200, 900, "anna")[0], 210)[0]
    assert not life.unshelve(both, 300)[1].annunciate
    assert not life.unsuppress(both, 300)[1].annunciate


def test_note_records_without_changing_the_status() -> None:
    """A machine's acknowledgement is no news; that none came is."""
    assert life.note(ACTIVE, Kind.TRIGGER_ACKNOWLEDGED, 150, "plc-1", "stopped") == (
        ACTIVE,
        Transition(Kind.TRIGGER_ACKNOWLEDGED, 150, "high", 500, annunciate=False, by="plc-1", comment="stopped"),
    )  # fmt: skip
    assert life.note(ACTIVE, Kind.ESCALATED, 150)[1].annunciate
    assert not life.note(life.suppress(ACTIVE, 140)[0], Kind.ESCALATED, 150)[1].annunciate


@pytest.mark.parametrize(
    ("move", "why"),
    [
        (lambda: life.activate(ACTIVE, "high", 500, 200), "active already"),
        (lambda: life.activate(KNOWN, "high", 500, 200), "active already"),
        (lambda: life.clear(CLEARED, 200), "not active"),
        (lambda: life.change_level(CLEARED, "low", 100, 200), "not active"),
        (lambda: life.change_level(ACTIVE, "high", 500, 200), "at high with severity 500 already"),
        (lambda: life.acknowledge(KNOWN, 200, "bert"), "acknowledged by anna already"),
        (lambda: life.acknowledge(CLOSED, 200, "bert"), "acknowledged by anna already"),
        (lambda: life.acknowledge(ACTIVE, 200, " "), "not said who acknowledges"),
        (lambda: life.realarm(ACTIVE, 200), "not acknowledged"),
        (lambda: life.realarm(CLOSED, 200), "not active"),
        (lambda: life.shelve(CLOSED, 200, 300, "anna"), "closed"),
        (lambda: life.shelve(ACTIVE, 200, 200, "anna"), "is over"),
        (lambda: life.shelve(CLEARED, 200, UNTIL_CLEARED, "anna"), "has cleared"),
        (lambda: life.shelve(ACTIVE, 200, 300, ""), "not said who shelves"),
        (lambda: life.unshelve(ACTIVE, 200), "not shelved"),
        (lambda: life.suppress(CLOSED, 200), "closed"),
        (lambda: life.suppress(life.suppress(ACTIVE, 200)[0], 300), "suppressed already"),
        (lambda: life.unsuppress(ACTIVE, 200), "not suppressed"),
        (lambda: life.note(ACTIVE, Kind.CLEARED, 200), "more than a note"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(move: Callable[[], Moved], why: str) -> None:
    """An operator reads it."""
    with pytest.raises(LifeError, match=why):
        move()


LEVELS: Final = st.sampled_from([("low", 100), ("high", 500), ("high_high", 800), ("low_low", 800)])
PEOPLE: Final = st.sampled_from(["anna", "bert", ""])


class AlarmOfOneSource(RuleBasedStateMachine):
    """Everything that may come, in any order, against what its transitions alone tell."""

    @initialize()
    def begin(self) -> None:
        self.now_ns = 0
        self.status: Status | None = None
        self.told: list[Transition] = []
        self.open = 0  # occurrences

    def after(self, move: Callable[[], Moved]) -> None:
        """One transition where it is accepted; nothing where it is not."""
        before, self.now_ns = self.status, self.now_ns + 1
        try:
            status, transition = move()
        except LifeError:
            assert self.status == before
            return
        silent = (before is not None and before.silent and not before.closed) or status.silent
        uncovered = transition.kind in (Kind.UNSHELVED, Kind.UNSUPPRESSED)
        assert not (transition.annunciate and (status.silent if uncovered else silent))
        assert transition.at_ns == self.now_ns
        if before is not None and not before.acknowledged and status.acknowledged:
            assert transition.kind is Kind.ACKNOWLEDGED
        if transition.kind is Kind.ACTIVATED and (before is None or before.closed):
            self.open += 1
        if status.closed and not (before is not None and before.closed):
            self.open -= 1
        if transition.kind is Kind.CLEARED:
            assert status.shelved_until_ns != UNTIL_CLEARED
        self.status = status
        self.told.append(transition)

    @rule(level=LEVELS, shelf=st.sampled_from([0, 10**6]), suppressed=st.booleans())
    def activate(self, level: tuple[str, int], shelf: int, suppressed: bool) -> None:
        self.after(
            lambda: life.activate(
                self.status, *level, self.now_ns, shelved_until_ns=shelf, suppressed=suppressed
            )
        )

    @precondition(lambda self: self.status is not None)
    @rule()
    def clear(self) -> None:
        self.after(lambda: life.clear(self.known(), self.now_ns))

    @precondition(lambda self: self.status is not None)
    @rule(level=LEVELS)
    def change_level(self, level: tuple[str, int]) -> None:
        self.after(lambda: life.change_level(self.known(), *level, self.now_ns))

    @precondition(lambda self: self.status is not None)
    @rule(by=PEOPLE)
    def acknowledge(self, by: str) -> None:
        self.after(lambda: life.acknowledge(self.known(), self.now_ns, by))

    @precondition(lambda self: self.status is not None)
    @rule()
    def realarm(self) -> None:
        self.after(lambda: life.realarm(self.known(), self.now_ns))

    @precondition(lambda self: self.status is not None)
    @rule(until_ns=st.sampled_from([1, 10**6, UNTIL_CLEARED]), by=PEOPLE)
    def shelve(self, until_ns: int, by: str) -> None:
        self.after(lambda: life.shelve(self.known(), self.now_ns, until_ns, by))

    @precondition(lambda self: self.status is not None)
    @rule(
        move=st.sampled_from([life.unshelve, life.suppress, life.unsuppress]),
        by=PEOPLE,
    )
    def cover_or_uncover(self, move: Callable[[Status, int, str], Moved], by: str) -> None:
        self.after(lambda: move(self.known(), self.now_ns, by))

    @precondition(lambda self: self.status is not None)
    @rule(kind=st.sampled_from([Kind.TRIGGER_ACKNOWLEDGED, Kind.ESCALATED, Kind.CLEARED]))
    def note(self, kind: Kind) -> None:
        before = self.status
        self.after(lambda: life.note(self.known(), kind, self.now_ns))
        assert self.status == before

    def known(self) -> Status:
        assert self.status is not None
        return self.status

    @invariant()
    def at_most_one_occurrence_is_open(self) -> None:
        """And none that is closed is active."""
        status = self.status
        assert self.open == (0 if status is None or status.closed else 1)
        assert status is None or not (status.closed and status.active)

    @invariant()
    def the_transitions_alone_tell_how_it_is(self) -> None:
        """Whoever has its history needs no status."""
        if self.status is not None:
            status = self.status
            assert replayed(self.told) == (
                status.active,
                status.acknowledged,
                status.level,
                status.severity,
                status.activated_ns,
                status.changed_ns,
                status.acknowledged_by,
            )


def replayed(told: list[Transition]) -> tuple[bool, bool, str, int, int, int, str]:
    """Active, acknowledged, level, severity, activated, changed, by whom: a reference that knows only what was told."""
    active, acknowledged, level, severity, activated_ns, changed_ns, by = False, True, "", 0, 0, 0, ""
    for one in told:
        worse = one.kind is Kind.LEVEL_CHANGED and one.severity > severity
        if one.kind in (Kind.ACTIVATED, Kind.REALARMED) or worse:
            acknowledged, by = False, ""
        if one.kind is Kind.ACKNOWLEDGED:
            acknowledged, by = True, one.by
        if one.kind is Kind.ACTIVATED:
            activated_ns = one.at_ns
        active = one.kind is Kind.ACTIVATED or (active and one.kind is not Kind.CLEARED)
        level, severity = one.level, one.severity
        if one.kind in (
            Kind.ACTIVATED, Kind.CLEARED, Kind.LEVEL_CHANGED, Kind.ACKNOWLEDGED, Kind.REALARMED,
        ):  # fmt: skip
            changed_ns = one.at_ns
    return active, acknowledged, level, severity, activated_ns, changed_ns, by


TestAlarmOfOneSource = AlarmOfOneSource.TestCase
TestAlarmOfOneSource.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)

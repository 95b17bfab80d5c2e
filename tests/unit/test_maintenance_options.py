"""Options of `python -m timescale`: those that make no sense, and going back to the version before."""

import pytest
from click.testing import CliRunner

from timescale import migrate
from timescale.__main__ import cli


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "x", "1e300"])
@pytest.mark.parametrize("option", ["--keep", "--keep-snapshots", "--every"])
def test_number_that_makes_no_sense_is_refused_before_the_database_is_asked(option: str, value: str) -> None:
    """Exit code 2, by the option's name: NaN is in no range."""
    result = CliRunner().invoke(cli, ["maintain", option, value])
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.stderr


def test_newer_database_is_left_as_it_is_where_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback starts this version's job again: as a failure it would keep compose's services from starting, and
    Flux's rollback from ending. Without the option, and of what was changed after it had been applied, it is one.
    """
    done = {migration.number: migration.checksum for migration in migrate.available()}
    newer = {**done, max(done) + 1: "of the next version"}
    monkeypatch.setattr(migrate, "apply", lambda _: migrate._pending(newer))
    result = CliRunner().invoke(cli, ["migrate", "--allow-newer"])
    assert result.exit_code == 0
    assert "the database is newer" in result.stderr
    assert isinstance(CliRunner().invoke(cli, ["migrate"]).exception, migrate.NewerDatabaseError)
    newer[1] = "changed"
    changed = CliRunner().invoke(cli, ["migrate", "--allow-newer"]).exception
    assert isinstance(changed, migrate.MigrationError)
    assert not isinstance(changed, migrate.NewerDatabaseError)

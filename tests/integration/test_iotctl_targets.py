"""`iotctl targets` on the real database: who sits where, and that an import is all or nothing."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from psycopg.rows import dict_row

from ctl import target_store
from ctl.context import Database
from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import connect

SENSORS = ("target-1", "target-2", "target-3")


@pytest.fixture(autouse=True)
def sensors(stack: Stack) -> Iterator[None]:
    """Three sensors that are known; no targets, before and after."""
    with connect(stack, "owner") as database:
        for serial in SENSORS:
            database.execute("INSERT INTO sensor (serial_number, state) VALUES (%s, 'OFFLINE')", [serial])
        yield
        database.execute("DELETE FROM sensor_target")
        database.execute("DELETE FROM target")
        database.execute("DELETE FROM sensor WHERE serial_number = ANY (%s)", [list(SENSORS)])


def seats(iotctl: Iotctl, name: str) -> tuple[list[str], list[str]]:
    """Who sits on a target, and who did."""
    target = iotctl.json("targets", "show", name)
    return (
        sorted(row["serial_number"] for row in target["sensors"]),
        sorted(row["serial_number"] for row in target["history"]),
    )


def test_add_then_show_gives_every_field_and_frequencies_in_hz(iotctl: Iotctl) -> None:
    """At the target's speed; the list shows it, too."""
    iotctl(
        *("targets", "add", "Pump 1", "--group", "2", "--support", "rigid", "--power", "15", "--speed", "1797"),
        *("--shaft-height", "160", "--latitude", "48.137", "--longitude", "11.575", "--description", "feed water"),
        *("--bearing-geometry", "rolling_elements=9,element_diameter=7.94,pitch_diameter=39.04"),
    )  # fmt: skip
    target = iotctl.json("targets", "show", "Pump 1")
    assert (target["machine_group"], target["support"], target["rated_power_kw"]) == (2, "rigid", 15.0)
    assert (target["shaft_height_mm"], target["latitude"], target["description"]) == (
        160.0,
        48.137,
        "feed water",
    )
    assert target["fault_frequencies_hz"]["bpfo"] == pytest.approx(107.36, abs=0.01)
    assert target["fault_frequencies_hz"]["bpfi"] == pytest.approx(162.19, abs=0.01)
    assert "107.36 Hz" in iotctl("targets", "show", "Pump 1")
    [row] = [row for row in iotctl.json("targets", "list") if row["name"] == "Pump 1"]
    assert (row["name"], row["sensors"]) == ("Pump 1", 0)


def test_set_changes_what_is_given_and_clears_what_is_asked(iotctl: Iotctl) -> None:
    """The other fields stay."""
    iotctl("targets", "add", "Pump 1", "--speed", "1480", "--power", "15", "--description", "old")
    iotctl("targets", "set", "Pump 1", "--speed", "2960", "--clear", "description", "--rename", "Pump 2")
    target = iotctl.json("targets", "show", "Pump 2")
    assert (target["speed_rpm"], target["rated_power_kw"], target["description"]) == (2960.0, 15.0, None)


def test_assign_moves_a_sensor_with_a_notice_and_keeps_the_history(iotctl: Iotctl) -> None:
    """A sensor sits on one target; sensor_overview names it."""
    for name in ("Pump 1", "Pump 2"):
        iotctl("targets", "add", name)
    iotctl("targets", "assign", "Pump 1", "target-1", "target-2")
    said = iotctl("targets", "assign", "Pump 2", "target-2", "target-3")
    assert "target-2: on Pump 2, no longer on Pump 1" in said
    assert "target-2: on Pump 2 already" in iotctl("targets", "assign", "Pump 2", "target-2")
    assert seats(iotctl, "Pump 1") == (["target-1"], ["target-2"])
    assert seats(iotctl, "Pump 2") == (["target-2", "target-3"], [])
    assert [row["serial_number"] for row in iotctl.json("sensors", "--target", "Pump 2")] == [
        "target-2",
        "target-3",
    ]
    assert "target-3: no longer on Pump 2" in iotctl("targets", "unassign", "target-3", "target-3")
    assert seats(iotctl, "Pump 2") == (["target-2"], ["target-3"])


def test_assign_of_an_unknown_sensor_moves_nobody(iotctl: Iotctl) -> None:
    """Exit code 2, with what may have been meant."""
    iotctl("targets", "add", "Pump 1")
    said = iotctl.refused(2, "targets", "assign", "Pump 1", "target-1", "target-4")
    assert "there is no sensor 'target-4': did you mean 'target-" in said
    assert seats(iotctl, "Pump 1") == ([], [])


def test_remove_is_refused_while_sensors_sit_on_it_unless_forced(iotctl: Iotctl) -> None:
    """With --force the history goes with it."""
    iotctl("targets", "add", "Pump 1")
    iotctl("targets", "assign", "Pump 1", "target-1")
    assert "1 sensors sit on" in iotctl.refused(2, "targets", "remove", "Pump 1")
    iotctl("targets", "remove", "Pump 1", "--force", "-y")
    assert iotctl.json("targets", "list") == []


def test_unknown_names_and_values_are_refused_with_exit_code_2(iotctl: Iotctl) -> None:
    """Nothing is written."""
    iotctl("targets", "add", "Pump 1")
    assert "did you mean 'Pump 1'" in iotctl.refused(2, "targets", "show", "pump 1")
    assert "already" in iotctl.refused(2, "targets", "add", "Pump 1")
    for option, value in (("--group", "5"), ("--speed", "0"), ("--bearing", "bpfi=1"), ("--latitude", "nan")):
        assert option in iotctl.refused(2, "targets", "add", "Pump 2", option, value)
    assert "nothing to change" in iotctl.refused(2, "targets", "set", "Pump 1")
    assert len(iotctl.json("targets", "list")) == 1


def test_half_a_place_is_refused_however_it_would_come_about(iotctl: Iotctl, tmp_path: Path) -> None:
    """By add, set, clear or import: what results is whole, and what was whole may be completed by one."""
    half = ("--latitude", "48.1")
    assert "it has latitude, and no longitude" in iotctl.refused(2, "targets", "add", "Pump 1", *half)
    iotctl("targets", "add", "Pump 1", *half, "--longitude", "11.6")
    iotctl("targets", "set", "Pump 1", "--latitude", "48.2")
    assert "it has longitude" in iotctl.refused(2, "targets", "set", "Pump 1", "--clear", "latitude")
    iotctl("targets", "add", "Pump 2")
    assert "no longitude" in iotctl.refused(2, "targets", "set", "Pump 2", *half)
    file = tmp_path / "plant.csv"
    file.write_text("name,latitude,longitude\nPump 1,48.3,\nPump 3,,11.6\n")
    assert "line 3: 'Pump 3': a place is" in iotctl.refused(2, "targets", "import", str(file))
    assert [row["latitude"] for row in iotctl.json("targets", "list")] == [48.2, None]
    iotctl("targets", "set", "Pump 1", "--clear", "latitude", "--clear", "longitude")


def test_import_adds_changes_and_assigns_and_a_dry_run_writes_nothing(iotctl: Iotctl, tmp_path: Path) -> None:
    """The same file again changes nothing."""
    file = tmp_path / "plant.csv"
    file.write_text("name,speed,sensors\nPump 1,1480,target-1 target-2\nPump 2,990,\n")
    iotctl("targets", "add", "Pump 2", "--speed", "1000", "--power", "5")
    [one, two] = iotctl.json("targets", "import", str(file), "--dry-run")
    assert (one["done"], [moved["serial_number"] for moved in one["moved"]]) == (
        "added",
        ["target-1", "target-2"],
    )
    assert (two["done"], two["fields"]) == ("changed", ["speed_rpm"])
    assert [row["speed_rpm"] for row in iotctl.json("targets", "list")] == [1000.0]
    iotctl("targets", "import", str(file))
    assert seats(iotctl, "Pump 1") == (["target-1", "target-2"], [])
    assert iotctl.json("targets", "show", "Pump 2")["rated_power_kw"] == 5.0
    assert {row["done"] for row in iotctl.json("targets", "import", str(file))} == {"unchanged"}


def test_import_of_a_file_with_one_mistake_writes_nothing(iotctl: Iotctl, tmp_path: Path) -> None:
    """Neither what precedes the mistake, be it in the file or known only to the database."""
    file = tmp_path / "plant.toml"
    file.write_text('[[target]]\nname = "A"\n[[target]]\nname = "B"\nspeed = "fast"\n')
    assert "target 2: speed" in iotctl.refused(2, "targets", "import", str(file))
    file.write_text('[[target]]\nname = "A"\n[[target]]\nname = "B"\nsensors = ["target-9"]\n')
    said = iotctl.refused(2, "targets", "import", str(file))
    assert "target 2: sensors: there is no sensor 'target-9'" in said
    assert iotctl.json("targets", "list") == []


def test_two_operators_who_assign_at_once_leave_a_sensor_on_one_target(stack: Stack, iotctl: Iotctl) -> None:
    """The later one moves it; neither sees an error."""
    for name in ("Pump 1", "Pump 2"):
        iotctl("targets", "add", name)
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with connect(stack, "control") as connection:
                connection.row_factory = dict_row  # type: ignore[assignment]  # as ctl.context connects
                database: Database = connection  # type: ignore[assignment]
                for _ in range(20):
                    with target_store.writing(database):
                        target = target_store.find(database, name)
                        target_store.assign(database, target["id"], SENSORS)
        except BaseException as error:
            failed.append(error)

    workers = [threading.Thread(target=work, args=(name,)) for name in ("Pump 1", "Pump 2")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failed
    seated = seats(iotctl, "Pump 1")[0] + seats(iotctl, "Pump 2")[0]
    assert sorted(seated) == sorted(SENSORS)


def test_a_viewer_may_look_and_not_write(stack: Stack, tmp_path: Path, iotctl: Iotctl) -> None:
    """Exit code 4, in a sentence."""
    iotctl("targets", "add", "Pump 1")
    viewer = Iotctl(stack, tmp_path, "viewer")
    assert [row["name"] for row in viewer.json("targets", "list")] == ["Pump 1"]
    for arguments in (
        ("add", "Pump 2"),
        ("set", "Pump 1", "--speed", "1"),
        ("remove", "Pump 1"),
        ("unassign", "target-1"),
    ):
        assert "does not allow" in viewer.refused(4, "targets", *arguments)


def test_a_database_that_is_away_is_said_with_exit_code_3(iotctl: Iotctl) -> None:
    """No traceback."""
    iotctl.environment["STREAMING_DATABASE_PORT"] = "1"
    result: Result = iotctl.run("targets", "list")
    assert (result.exit_code, "cannot reach the database" in result.stderr) == (3, True)

"""The committed dashboards: up to date, as Grafana's schema wants them, and complete for whoever looks at them."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft7Validator

from grafana import catalogue, links, queries, sources
from grafana.__main__ import main as grafana_main
from grafana.building import text
from stack.servers import REPOSITORY

Json = dict[str, Any]
SCHEMAS: Final = REPOSITORY / "tests" / "data" / "grafana"
GRAFANA: Final = REPOSITORY / "grafana"
UIDS: Final = {
    "fleet": "streaming-fleet",
    "sensor": "streaming-sensor",
    "alarms": "streaming-alarms",
    "pipeline": "streaming-pipeline",
    "database": "streaming-database",
    "rabbitmq": "streaming-rabbitmq",
}
# of Grafana 12, which marks the older ones (graph, table-old, singlestat, …) as deprecated
PANELS: Final = {
    "barchart", "geomap", "heatmap", "logs", "stat", "state-timeline", "table", "timeseries", "trend",
}  # fmt: skip
NAMES: Final = sorted(catalogue.DASHBOARDS)
# Grafana's time variables and macros are no variables of a dashboard
VARIABLE: Final = re.compile(r"\$\{(\w+)(?:\.[^:}]+)?(?::[^}]+)?\}|\$(\w+)")


def read(name: str) -> Json:
    found: Json = json.loads((catalogue.FOLDER / f"{name}.json").read_text())
    return found


def panels(board: Json) -> list[Json]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def walk(value: object) -> Iterator[Json]:
    """Every object in it."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from walk(one)
    elif isinstance(value, list):
        for one in value:
            yield from walk(one)


@cache
def schema(name: str) -> Draft7Validator:
    path = SCHEMAS / f"{name}.schema.json"
    assert path.exists(), f"no schema {name}: add the panel to {SCHEMAS / 'generate.sh'}, and run it"
    return Draft7Validator(json.loads(path.read_text()))


def problems(board: Json) -> list[str]:
    """What Grafana's schema has against a dashboard: as a whole, and against each panel's options and fields."""
    whole = copy.deepcopy(board)
    for query in whole.get("annotations", {}).get("list", []):
        # the schema says of it "this should just be a normal query target", and knows only that of Grafana's own
        assert {"datasource", "rawSql", "refId"} <= query.pop("target").keys()
    found = _against("dashboard", whole)
    if found:
        return found
    for panel in panels(board):
        kind = panel["type"].replace("-", "")
        found += _against(f"{kind}-options", panel["options"])
        fields = panel.get("fieldConfig", {"defaults": {}, "overrides": []})
        if "custom" in fields["defaults"]:
            found += _against(f"{kind}-field", fields["defaults"]["custom"])
        for override in fields["overrides"]:
            found += [one for given in override["properties"] for one in _against_property(kind, given)]
    return found


def _against(name: str, value: object) -> list[str]:
    return [f"{name} {list(e.absolute_path)}: {e.message}" for e in schema(name).iter_errors(value)]


def _against_property(kind: str, given: Json) -> list[str]:
    """What is wrong with one property of an override."""
    own = given["id"].startswith("custom.")
    name = given["id"].removeprefix("custom.")
    if own and name == "hidden":
        return []  # of tables, before Grafana 12.2; later ones have hideFrom
    whole: Json = json.loads((SCHEMAS / f"{kind + '-field' if own else 'dashboard'}.schema.json").read_text())
    wanted = whole["definitions"]["FieldConfig"]["properties"].get(name)
    if wanted is None:
        return [f"{kind}: no property {given['id']}"]
    validator = Draft7Validator({**wanted, "definitions": whole["definitions"]})
    return [f"{kind} {given['id']}: {error.message}" for error in validator.iter_errors(given["value"])]


def test_files_are_as_the_modules_write_them() -> None:
    """Whoever changes a module or a query runs `make dashboards`, and nobody changes the JSON by hand."""
    assert [path.name for path in catalogue.stale()] == []


def test_check_tells_what_is_not_up_to_date_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that differs, one that is missing, and one that belongs to no dashboard; written anew, all is well."""
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "dashboards")
    monkeypatch.setattr("sys.argv", ["grafana"])
    assert grafana_main() == 0
    (catalogue.FOLDER / "fleet.json").write_text("{}")
    (catalogue.FOLDER / "sensor.json").unlink()
    (catalogue.FOLDER / "engines.json").write_text("{}")
    monkeypatch.setattr("sys.argv", ["grafana", "--check"])
    assert grafana_main() == 1
    assert re.findall(r"(\w+)\.json", capsys.readouterr().err) == ["engines", "fleet", "sensor"]
    assert (catalogue.FOLDER / "fleet.json").read_text() == "{}"
    monkeypatch.setattr("sys.argv", ["grafana"])
    assert grafana_main() == 0
    assert catalogue.stale() == []


def test_every_query_of_the_folder_is_asked_by_a_dashboard() -> None:
    """A file in grafana/sql that no dashboard reads is left over."""
    asked = "".join(json.dumps(read(name), ensure_ascii=False) for name in NAMES)
    for path in sorted(queries.SQL.rglob("*.sql")):
        name = str(path.relative_to(queries.SQL).with_suffix(""))
        assert json.dumps(queries.sql_text(name), ensure_ascii=False)[1:-1] in asked, name


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_keeps_its_uid_and_is_found_by_the_others(name: str) -> None:
    """Links, bookmarks and alerts hold on to the uid; the dropdown lists what has the tag."""
    board = read(name)
    assert board["uid"] == UIDS[name]
    assert links.TAG in board["tags"]
    dropdown = board["links"][0]
    assert (dropdown["type"], dropdown["tags"], dropdown["asDropdown"]) == ("dashboards", [links.TAG], True)
    assert dropdown["keepTime"]
    assert board["graphTooltip"] == 2, "the tooltip is shared"
    assert board["refresh"]
    assert board["description"]


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows_in_which_unit_and_when_there_is_nothing(name: str) -> None:
    """Title, description, unit and the text for no data; numbers and titles are unique."""
    board = read(name)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles)
    for panel in panels(board):
        assert panel["type"] in PANELS
        assert panel["title"]
        assert len(panel["description"]) > 20, panel["title"]
        fields = panel["fieldConfig"]["defaults"]
        unit = panel["options"]["yAxis"]["unit"] if panel["type"] == "heatmap" else fields["unit"]
        assert unit, panel["title"]
        assert fields["noValue"], panel["title"]
        assert panel["targets"], panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_panels_lie_beside_each_other_within_the_grid(name: str) -> None:
    """No panel covers another, or ends beyond column 24."""
    taken: set[tuple[int, int]] = set()
    for panel in read(name)["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", NAMES)
def test_data_sources_are_the_two_that_are_provisioned(name: str) -> None:
    """Every panel, query, variable and annotation has one of them, and a panel's queries have the panel's."""
    board = read(name)
    known = [{"type": one.type_val, "uid": one.uid} for one in (sources.TIMESCALE, sources.PROMETHEUS)]
    for one in walk(board):
        if "datasource" in one:
            assert one["datasource"] in known
    for panel in panels(board):
        for target in panel.get("targets", []):
            assert target["datasource"] == panel["datasource"], panel["title"]
        refs = [target["refId"] for target in panel.get("targets", [])]
        assert len(set(refs)) == len(refs), panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_dashboards_and_variables_that_exist(name: str) -> None:
    """A renamed variable would open the other dashboard at whatever it likes."""
    for one in walk(read(name)):
        url = one.get("url")
        if not isinstance(url, str) or not url:
            continue
        match = re.match(r"/d/([\w-]+)\?", url)
        assert match, url
        target = next((key for key, uid in UIDS.items() if uid == match[1]), None)
        assert target is not None, url
        if target in NAMES:
            variables = {variable["name"] for variable in read(target)["templating"]["list"]}
            assert set(re.findall(r"[?&]var-(\w+)=", url)) <= variables, url
        assert "${__url_time_range}" in url or ("from=" in url and "to=" in url), "the span goes along"


@pytest.mark.parametrize("name", NAMES)
def test_variables_of_queries_are_those_of_the_dashboard(name: str) -> None:
    """None is missing, and none is there for nothing."""
    board = read(name)
    defined = {variable["name"] for variable in board["templating"]["list"]}
    used = set()
    for one in walk(board):
        for key in ("rawSql", "expr", "query", "title", "legendFormat"):
            if isinstance(one.get(key), str):
                used |= {a or b for a, b in VARIABLE.findall(one[key])}
    assert {one for one in used if not one.startswith("__")} == defined
    for variable in board["templating"]["list"]:
        assert variable["label"]
        assert variable["description"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_is_what_grafanas_schema_wants(name: str) -> None:
    """As a whole, with each panel's options and fields, overrides among them."""
    assert problems(read(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_is_the_same_after_a_way_through_the_sdks_models(name: str) -> None:
    """Read by the SDK's types and written again, nothing is lost: no key is misspelt, none at the wrong place."""
    # after grafana/, which lets the SDK's warnings pass
    from grafana_foundation_sdk.cog import plugins, runtime
    from grafana_foundation_sdk.models import dashboard as models

    plugins.register_default_plugins()
    runtime.register_dataquery_variant(
        runtime.DataqueryConfig(str(sources.TIMESCALE.type_val), queries.PostgresQuery.from_json)
    )
    assert json.loads(text(models.Dashboard.from_json(read(name)))) == read(name)


def _with_panel(kind: str, change: Callable[[Json], object]) -> Callable[[Json], None]:
    def broken(board: Json) -> None:
        change(next(panel for panel in panels(board) if panel["type"] == kind))

    return broken


BROKEN: Final[dict[str, Callable[[Json], object]]] = {
    "a misspelt key": lambda board: board.update(titel="Fleet"),
    "panels that are no list": lambda board: board.update(panels={}),
    "no schema version": lambda board: board.pop("schemaVersion"),
    "a tooltip that is none": lambda board: board.update(graphTooltip=7),
    "a variable of no type": lambda board: board["templating"]["list"][0].update(type="queri"),
    "a panel without a type": _with_panel("stat", lambda panel: panel.update(type=None)),
    "a misspelt key of a panel": _with_panel("stat", lambda panel: panel.update(decsription="x")),
    "thresholds of text": _with_panel(
        "stat", lambda panel: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0].update(value="5")
    ),
    "an option that stat has not": _with_panel("stat", lambda panel: panel["options"].update(colour="value")),
    "an option of the wrong kind": _with_panel("stat", lambda panel: panel["options"].update(graphMode="bars")),
    "an unknown way to draw": _with_panel(
        "timeseries", lambda panel: panel["fieldConfig"]["defaults"]["custom"].update(drawStyle="curve")
    ),
    "an override of what is not there": _with_panel(
        "table",
        lambda panel: panel["fieldConfig"]["overrides"][0]["properties"].append({"id": "custom.with", "value": 1}),
    ),
    "an override of the wrong kind": _with_panel(
        "table",
        lambda panel: panel["fieldConfig"]["overrides"][0]["properties"].append({"id": "custom.width", "value": "1"}),
    ),
    "an override's misspelt cell": _with_panel(
        "table",
        lambda panel: panel["fieldConfig"]["overrides"][0]["properties"].append(
            {"id": "custom.cellOptions", "value": {"type": "coloured"}}
        ),
    ),
    "a map without a base layer": _with_panel("geomap", lambda panel: panel["options"].pop("basemap")),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_the_schema_refuses_a_broken_dashboard(what: str) -> None:
    """What the test above compares with can say no."""
    board = read("fleet")
    assert problems(board) == []
    BROKEN[what](board)
    assert problems(board), what


def test_provisioned_data_sources_are_those_of_the_dashboards() -> None:
    """Same uids and types; the database is read by the role that may only read, and its password stands in no file here."""
    found = {}
    for path in sorted((GRAFANA / "provisioning" / "datasources").glob("*.yaml")):
        for one in yaml.safe_load(path.read_text())["datasources"]:
            found[one["uid"]] = one
    assert {uid: one["type"] for uid, one in found.items()} == {
        str(one.uid): one.type_val for one in (sources.TIMESCALE, sources.PROMETHEUS)
    }
    timescale = found["timescale"]
    assert timescale["user"] == "streaming_readonly"
    assert timescale["jsonData"]["timescaledb"] is True
    assert timescale["secureJsonData"]["password"].startswith(("$__file{", "${"))
    assert not any(one.get("editable", True) for one in found.values())


def test_dashboards_are_provisioned_into_a_folder_of_their_own() -> None:
    """From files, so that what is changed by hand does not last."""
    path = GRAFANA / "provisioning" / "dashboards" / "sensor-streaming.yaml"
    (provider,) = yaml.safe_load(path.read_text())["providers"]
    assert (provider["type"], provider["folder"]) == ("file", "sensor-streaming")
    assert provider["allowUiUpdates"] is False


def test_nobody_looks_at_grafana_without_logging_in_and_it_calls_nobody() -> None:
    """No anonymous access, no sign-up, no reports, no plugins from afar; Fleet is the first thing to be seen."""
    settings = ConfigParser(interpolation=None)
    settings.read(GRAFANA / "grafana.ini")
    off = [
        ("auth.anonymous", "enabled"), ("users", "allow_sign_up"), ("public_dashboards", "enabled"),
        ("snapshots", "external_enabled"), ("analytics", "reporting_enabled"), ("analytics", "check_for_updates"),
        ("analytics", "check_for_plugin_updates"), ("news", "news_feed_enabled"), ("plugins", "plugin_admin_enabled"),
    ]  # fmt: skip
    assert [one for one in off if settings.getboolean(*one)] == []
    assert not settings.has_option("security", "admin_password")
    assert settings["dashboards"]["default_home_dashboard_path"].endswith("/fleet.json")
    base = json.loads(settings["geomap"]["default_baselayer_config"].strip("`"))
    assert base["config"]["src"] == "public/maps/countries.geojson", (
        "nobody's tile server is told where the machines are"
    )


def test_no_file_of_grafana_names_a_path_of_one_machine() -> None:
    """The same files serve compose, the chart and anybody's own."""
    for path in sorted(Path(GRAFANA).rglob("*.y*ml")):
        assert not re.search(r"(?m)(path|url): */", path.read_text()), path.name

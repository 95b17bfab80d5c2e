"""The contract's files and what is generated from them."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor

from wire import sensor_pb2, view_pb2

ROOT = Path(__file__).resolve().parents[2]


def test_generated_modules_regenerated_give_no_difference(tmp_path: Path) -> None:
    """`make proto` was run after the last change of proto/."""
    protos = sorted(path.name for path in (ROOT / "proto").glob("*.proto"))
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", "-I", str(ROOT / "proto")),
            *(f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", *protos),
        ],
        check=True,
    )
    subprocess.run(  # of the one that has a service
        [
            *(sys.executable, "-m", "grpc_tools.protoc", "-I", str(ROOT / "proto")),
            *(f"--grpc_python_out={tmp_path}", "alarm.proto"),
        ],
        check=True,
    )
    generated = sorted(path.name for path in tmp_path.iterdir())
    assert generated == sorted(
        [f"{Path(name).stem}_pb2{suffix}" for name in protos for suffix in (".py", ".pyi")]
        + ["alarm_pb2_grpc.py"]
    )
    services = tmp_path / "alarm_pb2_grpc.py"
    services.write_text(services.read_text().replace("\nimport alarm_pb2 ", "\nfrom wire import alarm_pb2 "))
    for name in generated:
        assert (tmp_path / name).read_bytes() == (ROOT / "wire" / name).read_bytes(), (
            f"{name}: run make proto"
        )


@pytest.mark.parametrize("message", ["Measurements", "Channel", "Position"])
def test_view_has_fields_of_contract(message: str) -> None:
    """The second reading has the same numbers, and the same types but for the packed floats read as bytes."""
    contract: Descriptor = sensor_pb2.DESCRIPTOR.message_types_by_name[message]
    view: Descriptor = view_pb2.DESCRIPTOR.message_types_by_name[message]
    assert [(f.name, f.number) for f in view.fields] == [(f.name, f.number) for f in contract.fields]
    for mine, theirs in zip(view.fields, contract.fields, strict=True):
        if (message, theirs.name) == ("Channel", "values"):
            assert theirs.is_packed
            assert mine.type == mine.TYPE_BYTES
        else:
            assert mine.type == theirs.type


def test_options_name_fields_that_exist() -> None:
    """Every bound for the firmware belongs to a field of the contract."""
    lines = (ROOT / "proto" / "sensor.options").read_text().splitlines()
    names = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert names
    for name in names:
        package, message, field = name.rsplit(".", 2)
        assert package == "sensor.v1"
        assert field in sensor_pb2.DESCRIPTOR.message_types_by_name[message].fields_by_name, name

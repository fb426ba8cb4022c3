"""Read windows for Edge Impulse with its own package, offline, and keep what it understood.

    .venv-clients-formats/bin/python tests/clients/read_with_edgeimpulse.py FOLDER OUT.npz

OUT.npz: values (window, time, channel), times_ms (time,), names; same: whether the package makes the same
JSON from these values, but for its own name of the device and the signature, of which it makes none.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from edgeimpulse.data._functions.upload_numpy import numpy_timeseries_to_sample
from edgeimpulse.data.sample_type import Sensor
from edgeimpulse.experimental.util import convert_json_cbor_to_dataframe


def main(folder: str, out: str) -> None:
    contents = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]
    tables = [convert_json_cbor_to_dataframe(content) for content in contents]
    np.savez(
        out,
        values=np.stack([table.to_numpy() for table in tables]),
        times_ms=tables[0].index.to_numpy(),
        names=np.array(tables[0].columns, dtype=str),
        same=all(map(made_alike, contents)),
    )


def made_alike(content: dict[str, Any]) -> bool:
    payload = content["payload"]
    sensors = [Sensor(**sensor) for sensor in payload["sensors"]]
    made = numpy_timeseries_to_sample(payload["values"], sensors, payload["interval_ms"])
    own = json.loads(made.data)
    own["payload"]["device_type"] = payload["device_type"]
    return all(without_empty(own[key]) == content[key] for key in ("protected", "payload"))


def without_empty(content: dict[str, Any]) -> dict[str, Any]:
    """Give a dict without the optional fields that are not there."""
    return {key: value for key, value in content.items() if value is not None}


main(*sys.argv[1:])

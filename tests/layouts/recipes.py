"""Small files in the layouts of watches, bands and phone loggers: what docs/recipes.md reads.

One function an export; each writes into a folder what the export holds, under the name that the
recipe gives it. Values are made up: 1 g on z, a slow swing on x.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import sin
from pathlib import Path

MAY_DAY = datetime(2024, 5, 1, 10, tzinfo=UTC)
MAY_DAY_S = 1_714_557_600
HEART_STEPS_S = (5, 5, 10, 5, 15, 5, 5, 5, 10, 5)
"""Seconds from one heart rate to the next, as bands write them."""


def xyz_g(index: int) -> tuple[float, float, float]:
    """Give a made-up acceleration in g."""
    return round(0.3 * sin(index / 5), 5), -0.02, 1.0


def write_lines(path: Path, lines: Sequence[str], *, end: str = "\n") -> None:
    """Write lines, each with its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + end for line in lines), encoding="utf-8", newline="")


def embrace_plus_raw(folder: Path) -> None:
    """Write what Empatica's script makes of an Avro file: unix_timestamp in us, acceleration in g."""
    rows = [(MAY_DAY_S * 10**6 + round(1e6 * i / 64), *xyz_g(i)) for i in range(256)]
    lines = [",".join(map(str, row)) for row in rows]
    write_lines(folder / "accelerometer.csv", ["unix_timestamp,x,y,z", *lines], end="\r\n")


def embrace_plus_minutes(folder: Path) -> None:
    """Write a day's file of aggregated EDA: a row a minute, a reason where the value is missing."""
    head = "timestamp_unix,timestamp_iso,participant_full_id,eda_scl_usiemens,missing_value_reason"
    lines = [head]
    for minute in range(40):
        stamp = MAY_DAY + timedelta(minutes=minute)
        value = ",device_not_recording" if minute in (20, 21) else f"{0.2 + minute / 100:.2f},"
        unix_ms = (MAY_DAY_S + 60 * minute) * 1000
        lines.append(f"{unix_ms},{stamp:%Y-%m-%dT%H:%M:%SZ},1-1-P01,{value}")
    write_lines(folder / "1-1-P01_2024-05-01_eda.csv", lines)


def fitbit(folder: Path) -> None:
    """Write a day's heart rate as Takeout's CSV and as the older JSON."""
    stamps = _heart_times()
    lines = [f"{t:%Y-%m-%dT%H:%M:%SZ},{60 + i % 7}.0" for i, t in enumerate(stamps)]
    write_lines(folder / "heart_rate_2024-05-01.csv", ["timestamp,beats per minute", *lines])
    entries = [
        {"dateTime": f"{t:%m/%d/%y %H:%M:%S}", "value": {"bpm": 60 + i % 7, "confidence": 2}}
        for i, t in enumerate(stamps)
    ]
    (folder / "heart_rate-2024-05-01.json").write_text(json.dumps(entries, indent=2))


def garmin(folder: Path) -> None:
    """Write what FitCSVTool makes of an activity with `--data record`; the first rows lack a pulse."""
    fit_epoch = datetime(1989, 12, 31, tzinfo=UTC)
    start = int((MAY_DAY - fit_epoch).total_seconds())
    head = (
        "record.timestamp[s],record.distance[m],record.heart_rate[bpm],record.enhanced_speed[m/s]"
    )
    lines = [head]
    for index in range(120):
        pulse = "" if index < 3 else str(90 + index % 5)
        lines.append(f"{start + index},{2.5 * index:.1f},{pulse},2.5")
    write_lines(folder / "activity_data.csv", lines)


def apple_health(folder: Path) -> None:
    """Write an export.xml with heart rates (and steps, which the recipe leaves alone)."""
    records = []
    for index, stamp in enumerate(_heart_times()):
        local = f"{stamp - timedelta(hours=5):%Y-%m-%d %H:%M:%S} -0500"
        kind, unit = "HKQuantityTypeIdentifierHeartRate", "count/min"
        if index == 1:
            steps = "HKQuantityTypeIdentifierStepCount"
            records.append(_apple_record(steps, "count", local, "12"))
        records.append(_apple_record(kind, unit, local, str(60 + index % 7)))
    head = '<?xml version="1.0" encoding="UTF-8"?>', '<HealthData locale="en_US">'
    place = folder / "apple_health_export" / "export.xml"
    write_lines(
        place,
        [*head, ' <ExportDate value="2024-05-02 08:00:00 -0500"/>', *records, "</HealthData>"],
    )


def _apple_record(kind: str, unit: str, at: str, value: str) -> str:
    return (
        f' <Record type="{kind}" sourceName="Watch" unit="{unit}" creationDate="{at}" '
        f'startDate="{at}" endDate="{at}" value="{value}"/>'
    )


def _heart_times() -> list[datetime]:
    times = [MAY_DAY]
    for step_s in 6 * HEART_STEPS_S:
        times.append(times[-1] + timedelta(seconds=step_s))
    return times


def sensor_log(folder: Path) -> None:
    """Write SensorLog's CSV: a stamp, seconds since the phone began, acceleration in G."""
    axes = ",".join(f"accelerometerAcceleration{axis}(G)" for axis in "XYZ")
    lines = [f"loggingTime(txt),loggingSample(N),accelerometerTimestamp_sinceReboot(s),{axes}"]
    for index in range(200):
        stamp = MAY_DAY + timedelta(milliseconds=20 * index)
        text = f"{stamp:%Y-%m-%d %H:%M:%S}.{stamp.microsecond // 1000:03d} +0000"
        values = ",".join(map(str, xyz_g(index)))
        lines.append(f"{text},{index + 1},{52_608.25 + 0.02 * index:.6f},{values}")
    write_lines(folder / "sensorlog.csv", lines)


def sensor_logger(folder: Path) -> None:
    """Write two recordings of Sensor Logger: ns since 1970, seconds elapsed, z before y before x."""
    for name in ("anna_walking", "ben_walking"):
        lines = ["time,seconds_elapsed,z,y,x"]
        for index in range(200):
            x, y, z = (9.80665 * value for value in xyz_g(index))
            time_ns = MAY_DAY_S * 10**9 + 10_000_000 * index + 467_350_700
            lines.append(f"{time_ns},{0.143471 + 0.01 * index:.6f},{z:.6f},{y:.6f},{x:.6f}")
        write_lines(folder / "recordings" / name / "TotalAcceleration.csv", lines)


def phyphox(folder: Path) -> None:
    """Write phyphox's "Raw Data.csv" in two of its styles: comma and point, semicolon and comma."""
    names = [
        "Time (s)",
        *(f"Acceleration {axis} (m/s^2)" for axis in "xyz"),
        "Absolute acceleration (m/s^2)",
    ]
    rows = [
        [f"{value:.9E}" for value in (0.0041 + 0.01 * i, *(9.81 * v for v in xyz_g(i)), 9.81)]
        for i in range(200)
    ]
    for name, comma, point in (("Raw Data.csv", ",", "."), ("Raw Data (comma).csv", ";", ",")):
        lines = [comma.join(f'"{title}"' for title in names)]
        lines += [comma.join(value.replace(".", point) for value in row) for row in rows]
        write_lines(folder / name, lines)


def physics_toolbox(folder: Path) -> None:
    """Write Physics Toolbox's g-force log."""
    lines = ["time,gFx,gFy,gFz,TgF"]
    for index in range(200):
        x, y, z = xyz_g(index)
        lines.append(f"{0.005 * index:.4f},{x:.3f},{y:.3f},{z:.3f},1.000")
    write_lines(folder / "gforce.csv", lines)


def shimmer(folder: Path) -> None:
    """Write a ConsensysPRO export: sep=, names, units, then rows, tabs between and at the end."""
    names = [
        "Timestamp_Unix_CAL",
        *(f"Accel_LN_{axis}_CAL" for axis in "XYZ"),
        "GSR_Skin_Conductance_CAL",
    ]
    head = ["\t".join(f"Shimmer_8665_{name}" for name in names) + "\t"]
    units = ["ms", "m/(s^2)", "m/(s^2)", "m/(s^2)", "uS"]
    lines = ['"sep=\t"', *head, "\t".join(units) + "\t"]
    for index in range(256):
        values = [
            f"{1000 * MAY_DAY_S + 1000 * index / 128}",
            *(str(9.81 * v) for v in xyz_g(index)),
            "1.25",
        ]
        lines.append("\t".join(values) + "\t")
    write_lines(folder / "shimmer.csv", lines, end="\r\n")


def actigraph(folder: Path) -> None:
    """Write ActiLife's raw CSV: ten lines about the recording, then names and rows."""
    preamble = [
        "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.4 Firmware v3.2.1 "
        "date format M/d/yyyy at 30 Hz  Filter Normal -----------",
        "Serial Number: NEO1F00000000",
        "Start Time 10:00:00",
        "Start Date 5/1/2024",
        "Epoch Period (hh:mm:ss) 00:00:00",
        "Download Time 12:00:00",
        "Download Date 5/2/2024",
        "Current Memory Address: 0",
        "Current Battery Voltage: 4.20     Mode = 12",
        "--------------------------------------------------",
    ]
    rows = [",".join(f"{value:.3f}" for value in xyz_g(index)) for index in range(150)]
    write_lines(
        folder / "raw.csv", [*preamble, "Accelerometer X,Accelerometer Y,Accelerometer Z", *rows]
    )


def axivity(folder: Path) -> None:
    """Write what OmGui makes of a CWA file: blanks before the later names, stamps without zone."""
    lines = ["Time,Accel-X (g), Accel-Y (g), Accel-Z (g)"]
    for index in range(200):
        stamp = MAY_DAY + timedelta(milliseconds=10 * index)
        values = ",".join(f"{value:.6f}" for value in xyz_g(index))
        lines.append(f"{stamp:%Y-%m-%d %H:%M:%S}.{stamp.microsecond // 1000:03d},{values}")
    write_lines(folder / "ax3.csv", lines)


WRITERS: dict[str, Callable[[Path], None]] = {
    "Empatica EmbracePlus, raw": embrace_plus_raw,
    "Empatica EmbracePlus, per minute": embrace_plus_minutes,
    "Fitbit": fitbit,
    "Garmin": garmin,
    "Apple Health": apple_health,
    "SensorLog (iPhone, Apple Watch)": sensor_log,
    "Sensor Logger (phones)": sensor_logger,
    "phyphox": phyphox,
    "Physics Toolbox": physics_toolbox,
    "Shimmer": shimmer,
    "ActiGraph": actigraph,
    "Axivity AX3, AX6": axivity,
}
"""Heading in docs/recipes.md -> what writes such an export."""

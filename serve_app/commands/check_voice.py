"""`echo-tts check-voice FILE …`: a report on reference files."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from engine.echo.checkpoints.folder import find_folder, read_config
from engine.echo.config import EchoConfig
from serve_app.commands.command_parser import CommandParser
from serve_app.standard_streams import OUTPUT_FAILED, print_report
from serve_app.this_machine import has_gpu
from serve_app.voice_check.measurement import VoiceMeasurement
from serve_app.voice_check.report import VoiceReport, report_voice
from speech.errors import one_line
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.voice_names import EXTENSIONS

WEIGHTS_VARIABLE, DEVICE_VARIABLE = "ECHO_WEIGHTS_DIR", "ECHO_DEVICE"
"""The variables that decide which checkpoint a server loads."""

_EXIT_CODES = {"good": 0, "usable": 1, "unusable": 2}
_EPILOG = f"""\
Recommended: 10 to 30 s, up to 60 s for a steadier voice, of clean speech by one speaker, evenly
loud, not clipped. Whether there is only one speaker, and what is said, is not checked: listen.

environment:
  {WEIGHTS_VARIABLE}  the checkpoint, if there is no --weights-dir
  {DEVICE_VARIABLE}       cpu: without either, the CPU's checkpoint, even where there is a GPU

exit codes, of the worst file:
  0  good
  1  usable, with warnings
  2  unusable: it cannot be read or decoded, is silent or too short
  {OUTPUT_FAILED}  the report could not be written
"""


def main(arguments: Sequence[str]) -> int:
    """Parse the command's arguments, report, and return the exit code."""
    parser = CommandParser(
        "echo-tts check-voice",
        "Report on voice files: how good a voice each of them makes, and what is wrong with it.",
        _EPILOG,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a recording of the voice")
    parser.add_argument("--json", action="store_true", help="print a JSON array of all reports")
    parser.add_argument(
        "--weights-dir",
        default=os.environ.get(WEIGHTS_VARIABLE) or None,
        metavar="NAME",
        help="the checkpoint that will speak, echo-tts-base, echo-mini or a folder: each uses "
        "only so much of a voice (default: the one that suits this machine)",
    )
    given = parser.parse(arguments)
    try:
        checkpoint = read_config(find_folder(given.weights_dir, on_cpu=_speaks_on_cpu()))
    except ValueError as error:
        parser.error(str(error))
    reports: list[tuple[str, VoiceReport]] = []
    for path in given.files:
        report = _report(path, max_voice_s(checkpoint))
        if not given.json:
            gap = "\n" if reports else ""
            print_report(gap + "\n".join(_lines(path, report, checkpoint.name)))
        reports.append((path, report))
    if given.json:
        print_report(json.dumps([_as_data(path, report) for path, report in reports], indent=2))
    return max(_EXIT_CODES[report.verdict] for _, report in reports)


def max_voice_s(checkpoint: EchoConfig) -> float:
    """Return the seconds of a voice that the checkpoint uses."""
    return checkpoint.max_voice_frames * FRAME_SAMPLES / SAMPLE_RATE_HZ


def _speaks_on_cpu() -> bool:
    """Tell whether a server on this machine would speak on the CPU."""
    return os.environ.get(DEVICE_VARIABLE) == "cpu" or not has_gpu()


def _report(path: str, max_used_s: float) -> VoiceReport:
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe may never end, or begin
        return VoiceReport(None, None, 0.0, "it is not a file: a voice is read more than once")
    try:
        with open(path, "rb", buffering=0) as file:
            report = report_voice(file, max_used_s)
    except OSError as error:
        return VoiceReport(None, None, 0.0, f"the file cannot be read: {error.strerror}")
    except Exception as error:  # a fault of ours, which must not cost the other files' reports
        traceback.print_exc()
        return VoiceReport(None, None, 0.0, f"examining it failed: {type(error).__name__}")
    if os.path.splitext(path)[1].lower() in EXTENSIONS:
        return report
    names = " ".join(sorted(EXTENSIONS))
    return replace(report, warnings=(*report.warnings, f"name: publish it as one of {names}"))


def _as_data(path: str, report: VoiceReport) -> dict[str, Any]:
    measured = report.measured
    data = {"file": path, "verdict": report.verdict, **asdict(report)}
    if measured is not None:
        data["measured"] |= {"speech_ratio": measured.speech_ratio, "snr_db": measured.snr_db}
    return data


def _lines(path: str, report: VoiceReport, model: str) -> Iterator[str]:
    yield f"{one_line(path)}: {report.verdict}"
    if report.unusable is not None:
        yield f"  ! {report.unusable}"
    for warning in report.warnings:
        yield f"  ! {warning}"
    if report.source is not None:
        source = report.source
        yield _row("file", f"{source.codec}, {source.sample_rate_hz} Hz, {source.num_channels} ch")
    if report.measured is not None:
        used = f"{report.used_s:.1f} s by {model}, mixed to mono, at {SAMPLE_RATE_HZ} Hz"
        yield _row("used", used)
        yield from (_row(name, value) for name, value in _rows(report.measured))


def _rows(measured: VoiceMeasurement) -> Iterator[tuple[str, str]]:
    yield "duration", f"{measured.duration_s:.1f} s"
    yield "speech", f"{measured.speech_s:.1f} s ({measured.speech_ratio:.0%})"
    yield (
        "pauses",
        f"{measured.lead_s:.1f} s before, {measured.tail_s:.1f} s after, "
        f"up to {measured.longest_pause_s:.1f} s between",
    )
    speech = "none" if measured.speech_dbfs is None else f"{measured.speech_dbfs:.0f} dBFS"
    yield "level", f"speech {speech}, peak {measured.peak_dbfs:.1f} dBFS"
    if measured.loudness_lufs is not None:
        varies = measured.loudness_range_lu
        range_lu = "" if varies is None else f", varies by {varies:.1f} LU"
        yield "loudness", f"{measured.loudness_lufs:.1f} LUFS{range_lu}"
    snr = "" if measured.snr_db is None else f", {measured.snr_db:.0f} dB below the speech"
    yield "background", f"{measured.noise_dbfs:.0f} dBFS{snr}"
    yield "clipped", f"{measured.num_clipped} peaks"
    yield "bandwidth", f"{measured.bandwidth_hz / 1000:.1f} kHz"


def _row(name: str, value: str) -> str:
    return f"    {name:<12}{value}"

"""The supervision of what is spoken: a place, a deadline, one kind of error, one record."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from deployments.admission import Admission, Place
from deployments.deadline import Deadline
from deployments.sampler_watch import SamplerWatch
from deployments.telemetry.request_log import RequestLog
from deployments.telemetry.request_record import RequestRecord
from speech.errors import InternalError, SpeechError

logger = logging.getLogger(__name__)


class Supervised(NamedTuple):
    """The deadline and the place of one request under supervision."""

    deadline: Deadline
    place: Place


@dataclass(frozen=True)
class Supervision:
    """The bounds and the log of all requests of one ingress replica.

    Attributes:
        admission: The places.
        watch: Ends what runs when the samplers are lost for long.
        log: The log that notes how each request ended.
        deadline_s: Seconds that a request may take.
    """

    admission: Admission
    watch: SamplerWatch
    log: RequestLog
    deadline_s: float

    def deadline(self) -> Deadline:
        """Return the deadline of a request that begins now."""
        return Deadline(self.deadline_s)

    @contextmanager
    def over(
        self,
        record: RequestRecord,
        deadline: Deadline | None = None,
        given: Place | None = None,
    ) -> Iterator[Supervised]:
        """Hold a place inside, raise nothing but SpeechErrors, and log how the request ended.

        `deadline` is that of the request; by default it begins now. `given`: its place, if it has
        one already.
        """
        deadline = deadline or self.deadline()
        try:
            with self.admission.admit(given) as place, self.watch.guard(deadline):
                yield Supervised(deadline, place)
            record.ended("completed")
        except Exception as error:
            if isinstance(error, SpeechError) and not isinstance(error, InternalError):
                record.failed(error)
                raise
            logger.exception("request %s failed", record.request_id)
            unforeseen = InternalError.of_request(record.request_id)
            record.failed(unforeseen)
            raise unforeseen from error
        except BaseException:  # the caller is gone
            if (late := deadline.passed) is not None:  # whoever sent the audio kept it
                record.failed(late)
            else:
                record.ended("cancelled")
            raise
        finally:
            self.log.write(record)

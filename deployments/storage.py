"""Storage of finished audio in an S3-compatible bucket; the caller gets a link that expires.

boto3 blocks and takes long to import, so all of it lives on the bucket's own threads. Of a
failure, a caller sees the S3 error code only: no endpoint, key or credential.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_before_delay,
    wait_exponential_jitter,
)

from deployments.bucket_client import BucketClient, BucketConfig, EndpointRedirects
from speech.concurrency import run_in
from speech.errors import UploadFailed

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.25, 30.0
_PAUSE_GROWTH = 2.0
"""The factor by which each pause between two attempts is longer than the one before."""
_PASSING_STATUSES = (408, 409, 425, 429)
"""HTTP statuses below 500 that say: later. A 409 means that another operation is under way."""
_PASSING_CODES = ("RequestTimeout", "SlowDown", "Throttling", "ThrottlingException")
"""S3 codes that say so whatever their status, which is 400 for a body that came too slowly."""

_FORBIDDEN = "403"  # the answer to a HEAD has no body: its code is the status

T = TypeVar("T")


class Bucket:
    """One bucket, with threads and connections of its own; starts connecting at once.

    Args:
        config: Its address and credentials.
        max_uploads: Uploads at a time, one thread and one connection each.
    """

    def __init__(self, config: BucketConfig, max_uploads: int) -> None:
        self.fallback_inline = config.fallback_inline
        self._uploads = _Connections(config, max_uploads)
        self._probes = _Connections(config, 1)  # never waits behind a stalled upload

    async def upload(self, key: str, data: bytes, media_type: str, patience_s: float) -> str:
        """Store `data` under `key`; return a pre-signed link to it, valid for an hour.

        What may pass, such as a bucket that is down or asks to slow down, is tried again after
        growing pauses for up to `patience_s` in all. Cancelling the wait leaves an attempt that
        has begun to end on its own.

        Raises:
            UploadFailed: With the S3 code of the last attempt.
        """
        retrying = AsyncRetrying(
            stop=stop_before_delay(patience_s),
            wait=wait_exponential_jitter(
                multiplier=_FIRST_PAUSE_S,
                max=_MAX_PAUSE_S,
                exp_base=_PAUSE_GROWTH,
                jitter=_FIRST_PAUSE_S,
            ),
            retry=retry_if_exception(_may_pass),
            before_sleep=_log_attempt,
            reraise=True,
        )

        last_error: Exception | None = None

        async def attempt() -> str:
            nonlocal last_error
            try:
                return await self._uploads.run(lambda client: client.put(key, data, media_type))
            except Exception as error:
                last_error = error
                raise

        async def upload() -> str:
            try:
                async with asyncio.timeout(patience_s):
                    # To wait for a thread, and for the client, is no attempt.
                    await self._uploads.run(lambda _: None)
                    try:
                        link: str = await retrying(attempt)
                        return link
                    except asyncio.CancelledError as error:  # tenacity's frames hold it, it them
                        raise error.with_traceback(None) from None
            except TimeoutError:
                pass  # says less than what failed before
            raise last_error or TimeoutError(f"no answer within {patience_s:g} s")

        return await _explained("Upload failed", upload())

    async def check(self) -> bool:
        """Ask for the bucket itself; return whether the key may do that.

        On AWS that needs `s3:ListBucket`, which uploads and links do not. An invalid key looks the
        same: the answer to a HEAD has no reason.

        Raises:
            UploadFailed: The bucket is missing or does not answer.
        """

        def head(client: BucketClient) -> bool:
            from botocore.exceptions import ClientError

            try:
                client.head()
            except ClientError as error:
                if error.response["Error"]["Code"] != _FORBIDDEN:
                    raise
                return False
            return True

        return await _explained("Bucket unusable", self._probes.run(head))

    def close(self) -> None:
        """Take no more work and drop the connections once running uploads are done."""
        self._uploads.close()
        self._probes.close()


class _Connections:
    """An S3 client and the threads that may call it."""

    def __init__(self, config: BucketConfig, count: int) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="bucket")
        self._make = partial(BucketClient, config, count)
        self._making = threading.Lock()
        self._client: BucketClient | None = None
        self._threads.submit(self._connected)  # what it fails with, the next work is told

    async def run(self, work: Callable[[BucketClient], T]) -> T:
        """Return what `work` makes of the client, on a thread."""
        return await run_in(self._threads, lambda: work(self._connected()))

    def close(self) -> None:
        """Drop the connections once running work is done; closing twice is fine."""
        with contextlib.suppress(RuntimeError):  # closed before
            self._threads.submit(self._disconnect)
        self._threads.shutdown(wait=False)

    def _connected(self) -> BucketClient:
        """Return the client, which is made once; where it could not be, the next call tries."""
        with self._making:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()


async def _explained(failure: str, work: Awaitable[T]) -> T:
    """Return the result of `work`; turn any failure into a line that a caller may see.

    Raises:
        UploadFailed: The work failed; no other error leaves.
    """
    # The frames hold the audio and, by way of tenacity's, the error: all would stay for long.
    try:
        return await work
    except Exception as error:
        logger.warning("%s: %s", failure, error)
        raise UploadFailed(f"{failure}: {_reason(error)}") from error.with_traceback(None)


def _may_pass(error: BaseException) -> bool:
    """Tell whether another attempt might succeed."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        return status >= 500 or status in _PASSING_STATUSES or code in _PASSING_CODES
    if _is_distrust(error):
        return False
    return isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError))


def _is_distrust(error: BaseException) -> bool:
    """Tell whether the endpoint's certificate was refused."""
    from botocore.exceptions import SSLError

    return isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def _log_attempt(state: RetryCallState) -> None:
    assert state.outcome is not None
    assert state.next_action is not None
    logger.warning(
        "upload attempt %d failed: %s; the next one follows in %.1f s",
        *(state.attempt_number, state.outcome.exception(), state.next_action.sleep),
    )


def _reason(error: Exception) -> str:
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        code = error.response["Error"]["Code"]
        code = {_FORBIDDEN: "AccessDenied", "404": "NoSuchBucket"}.get(code, code)
        if code.isdigit():
            return f"HTTP status {code}"
        return code if re.fullmatch(r"[A-Za-z0-9.]{1,60}", code) else "unknown S3 error"
    if _is_distrust(error):
        return "the endpoint's certificate is not trusted"
    if isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError, TimeoutError)):
        return "endpoint unreachable"
    if isinstance(error, EndpointRedirects):
        return "the endpoint redirects to another address"
    return f"check the bucket settings ({type(error).__name__})"

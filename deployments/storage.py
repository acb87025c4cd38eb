"""Finished audio goes to an S3-compatible bucket; the caller gets a link that expires.

boto3 blocks and takes long to import, so all of it lives on the bucket's own threads. What a
caller may see of a failure is the S3 error code: no endpoint, key or credential.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from speech.concurrency import run_in
from speech.errors import UploadFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

LINK_LIFETIME_S = 3600

_NUM_THREADS = 4
_MAX_ATTEMPTS = 2
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 30

_FORBIDDEN = "403"  # the answer to a HEAD has no body: its code is the status

# The one region name that AWS, MinIO and R2 all understand where none is set.
_DEFAULT_REGION = "us-east-1"

T = TypeVar("T")


@dataclass(frozen=True)
class BucketConfig:
    """Where outputs go; `endpoint_url` None means AWS. Its repr hides the credentials."""

    endpoint_url: str | None
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    bucket: str
    region: str | None = None


class Bucket:
    """One bucket, with its own few threads and connections; starts connecting at once."""

    def __init__(self, config: BucketConfig) -> None:
        self._name = config.bucket
        self._threads = ThreadPoolExecutor(_NUM_THREADS, thread_name_prefix="bucket")
        self._client = self._threads.submit(_client, config)

    async def upload(self, key: str, data: bytes, media_type: str) -> str:
        """Store `data` under `key`; return a pre-signed link to it, valid for an hour.

        Cancelling the wait leaves an upload that has begun to end on its own.

        Raises:
            UploadFailed: After one more attempt where the fault looked transient.
        """

        def put(client: S3Client) -> str:
            client.put_object(Bucket=self._name, Key=key, Body=data, ContentType=media_type)
            return client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._name, "Key": key},
                ExpiresIn=LINK_LIFETIME_S,
            )

        return await self._call("Upload failed", put)

    async def check(self) -> bool:
        """Ask for the bucket itself; return whether that is allowed.

        On AWS it takes `s3:ListBucket`, which uploads and links do without. A key that is wrong
        altogether looks the same: the answer to a HEAD does not say why.

        Raises:
            UploadFailed: It is missing or does not answer.
        """

        def head(client: S3Client) -> bool:
            from botocore.exceptions import ClientError

            try:
                client.head_bucket(Bucket=self._name)
            except ClientError as error:
                if error.response["Error"]["Code"] != _FORBIDDEN:
                    raise
                return False
            return True

        return await self._call("Bucket unusable", head)

    def close(self) -> None:
        """Take no more work and drop the connections once running uploads are done."""
        with contextlib.suppress(RuntimeError):  # closed before
            self._threads.submit(lambda: self._client.result().close())
        self._threads.shutdown(wait=False)

    async def _call(self, failure: str, work: Callable[[S3Client], T]) -> T:
        def run() -> T:
            try:
                # The first job of the pool made the client, so this waits for it at most once.
                return work(self._client.result())
            except Exception as error:
                logger.warning("%s: %s", failure, error)
                raise UploadFailed(f"{failure}: {_reason(error)}") from error

        return await run_in(self._threads, run)


def _client(config: BucketConfig) -> S3Client:
    import boto3
    from botocore.config import Config

    client: S3Client = boto3.session.Session().client(
        "s3",
        endpoint_url=config.endpoint_url,
        aws_access_key_id=config.access_key_id,
        aws_secret_access_key=config.secret_access_key,
        region_name=config.region or _DEFAULT_REGION,
        config=Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S,
            max_pool_connections=_NUM_THREADS,
            retries={"mode": "standard", "total_max_attempts": _MAX_ATTEMPTS},
            # Many S3-compatible services refuse the checksums that AWS's SDK adds by default.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    return client


def _reason(error: Exception) -> str:
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        code = error.response["Error"]["Code"]
        code = {_FORBIDDEN: "AccessDenied", "404": "NoSuchBucket"}.get(code, code)
        if code.isdigit():
            return f"HTTP status {code}"
        return code if re.fullmatch(r"[A-Za-z0-9.]{1,60}", code) else "unknown S3 error"
    if isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError)):
        return "endpoint unreachable"
    return f"check the bucket settings ({type(error).__name__})"

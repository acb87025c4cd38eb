"""The S3 client of a bucket, whose links hold in the region where the bucket is.

The SDK follows a bucket into another region than the one that is set; a link that it signs then
names the one that is set, which S3 refuses. It also lets links of AWS lead through one address for
all regions, which knows neither new buckets nor those of regions that have to be opted into.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client

LINK_LIFETIME_S = 3600

_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 15

# The one region name that AWS, MinIO and R2 all understand where none is set.
_DEFAULT_REGION = "us-east-1"
_SESSION_LOCK = threading.Lock()  # a session makes one client at a time
_A_SERVICE = re.compile(r"^https?://(s3[.-]|\w+\.digitaloceanspaces\.com)")
_REGION_HEADER = "x-amz-bucket-region"
_SIGNED_FOR = re.compile(r"/\d{8}/([^/]+)/s3/aws4_request")


class EndpointRedirects(Exception):
    """The endpoint sends its callers to another address, as from HTTP to HTTPS."""


@dataclass(frozen=True)
class BucketConfig:
    """The bucket for outputs, and its credentials, which its repr hides.

    Attributes:
        endpoint_url: The service's address; None means AWS.
        fallback_inline: Whether audio that cannot be stored is returned inline where it fits.
    """

    endpoint_url: str | None
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    bucket: str
    region: str | None = None
    fallback_inline: bool = False


class BucketClient:
    """Calls on one bucket, which any thread may make; each blocks.

    Args:
        config: Its address and credentials.
        num_connections: Connections that stay open.
    """

    def __init__(self, config: BucketConfig, num_connections: int) -> None:
        self._config = config = replace(config, endpoint_url=_service(config))
        self._region = config.region or _DEFAULT_REGION
        self._s3 = _client(config, self._region, num_connections, "auto")
        is_aws = config.endpoint_url is None and ".amazonaws.com" in self._s3.meta.endpoint_url
        self._link_style = "virtual" if is_aws else "auto"  # the former leads to the region itself
        self._signers = {} if is_aws else {self._region: self._s3}
        self._sent = threading.local()
        self._s3.meta.events.register("before-send.s3.PutObject", self._note_region)
        self._s3.meta.events.register_first("needs-retry.s3.HeadBucket", _require_region)

    def put(self, key: str, data: bytes, media_type: str) -> str:
        """Store `data` under `key`; return a pre-signed link to it."""
        bucket = self._config.bucket
        self._s3.put_object(Bucket=bucket, Key=key, Body=data, ContentType=media_type)
        return self._signer(self._sent.region).generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=LINK_LIFETIME_S
        )

    def head(self) -> None:
        """Ask for the bucket itself."""
        self._s3.head_bucket(Bucket=self._config.bucket)

    def close(self) -> None:
        """Drop the connections."""
        self._s3.close()

    def _note_region(self, request: Any, **_: Any) -> None:
        """Note the region that a request of this thread is signed for: the last one is taken."""
        found = _SIGNED_FOR.search(str(request.headers["Authorization"]))
        self._sent.region = found[1] if found else self._region

    def _signer(self, region: str) -> S3Client:
        """Return the client that signs links for a region; two threads may make it twice."""
        if region not in self._signers:
            self._signers[region] = _client(self._config, region, 1, self._link_style)
        return self._signers[region]


def _require_region(response: Any = None, **_: Any) -> None:
    """Raise EndpointRedirects if an answer redirects, and not to the region of the bucket.

    To learn that, the SDK asks for the bucket: of such an answer again and again, 80 times.
    """
    if response is None:
        return
    answer, parsed = response
    headers = parsed["ResponseMetadata"]["HTTPHeaders"]
    if answer.status_code in (301, 302, 307) and _REGION_HEADER not in headers:
        raise EndpointRedirects(f"the endpoint redirects to {headers.get('location')}")


def _service(config: BucketConfig) -> str | None:
    """Return the address of the service, where that of the bucket is given, as RunPod's users do.

    Behind that one, audio would go to a folder of the bucket's name, and a HEAD find no bucket.
    """
    url, prefix = config.endpoint_url, f"//{config.bucket}."
    if url is None or prefix not in url:
        return url
    service = url.replace(prefix, "//", 1)
    # Else it may be a host that just has the bucket's name.
    return service if _A_SERVICE.search(service) else url


@cache
def _session() -> Session:
    """Return the session that makes all clients: it keeps what it has read of AWS's services."""
    import boto3

    return boto3.session.Session()


def _client(config: BucketConfig, region: str, num_connections: int, style: Any) -> S3Client:
    from botocore.config import Config

    with _SESSION_LOCK:
        client: S3Client = _session().client(
            "s3",
            endpoint_url=config.endpoint_url,
            aws_access_key_id=config.access_key_id,
            aws_secret_access_key=config.secret_access_key,
            region_name=region,
            config=Config(
                signature_version="s3v4",
                connect_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=_READ_TIMEOUT_S,
                max_pool_connections=num_connections,
                s3={"addressing_style": style},
                retries={"total_max_attempts": 1},  # `Bucket.upload` repeats what may pass
                # Many S3-compatible services refuse the checksums that AWS's SDK adds by default.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
    return client

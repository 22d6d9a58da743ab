"""Objects: content-addressed, per tenant, never overwritten, checked when read.

The key is ``tenant/sha256``; nothing is shared across tenants, so that erasing a tenant's objects touches nobody else's.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from shared.errors import NotFound, Unavailable
from shared.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PROBE = "probe/ready"
_CHUNK = 1 << 20


class ObjectAltered(Exception):
    """What the store returned is not what was put there."""


class ObjectStore:
    """A bucket of an S3-compatible store; blocking calls run in threads."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.object_store_bucket
        self._settings = settings

    @cached_property
    def _client(self) -> "S3Client":
        """Made at first use: a web process answers pages sooner after a restart than its store's client is ready."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self._settings.object_store_url or None,
            aws_access_key_id=self._settings.object_store_access_key.get_secret_value() or None,
            aws_secret_access_key=self._settings.object_store_secret_key.get_secret_value() or None,
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"max_attempts": 4},
                connect_timeout=3,
                read_timeout=60,
            ),
        )

    def prepare(self) -> None:
        """Make the bucket and the object by which readiness is asked; safe to repeat."""
        try:
            self._client.create_bucket(Bucket=self._bucket)
        except ClientError as error:
            if _code(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise
        self._client.put_object(Bucket=self._bucket, Key=_PROBE, Body=b"ready")

    def put_now(self, tenant_id: UUID, content: bytes) -> str:
        """Store bytes and return their SHA-256; the same bytes twice are one object."""
        digest = hashlib.sha256(content).hexdigest()
        try:
            self._client.put_object(Bucket=self._bucket, Key=f"{tenant_id}/{digest}", Body=content, IfNoneMatch="*")
        except ClientError as error:
            if _code(error) not in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
                raise Unavailable("文件存储暂时不可用，请稍后再试") from error
        return digest

    def get_now(self, tenant_id: UUID, digest: str) -> bytes:
        """:raises NotFound: no such object of this tenant. :raises ObjectAltered: the hash does not fit."""
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=f"{tenant_id}/{digest}")["Body"].read()
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                raise NotFound from error
            raise Unavailable("文件存储暂时不可用，请稍后再试") from error
        if hashlib.sha256(body).hexdigest() != digest:
            raise ObjectAltered(digest)
        return body

    def put_file_now(self, tenant_id: UUID, file: Path) -> str:
        """Store a file of any size, in parts where it is large, and return its SHA-256."""
        digest = hashlib.sha256()
        with file.open("rb") as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
        try:
            self._client.upload_file(str(file), self._bucket, f"{tenant_id}/{digest.hexdigest()}")
        except (ClientError, S3UploadFailedError) as error:
            raise Unavailable("文件存储暂时不可用，请稍后再试") from error
        return digest.hexdigest()

    def chunks_now(self, tenant_id: UUID, digest: str) -> Iterator[bytes]:
        """A large object piece by piece, unchecked: whoever reads it to the end has its checksum to compare.

        :raises NotFound: no such object of this tenant.
        """
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=f"{tenant_id}/{digest}")["Body"]
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                raise NotFound from error
            raise Unavailable("文件存储暂时不可用，请稍后再试") from error
        return body.iter_chunks(_CHUNK)

    def list_now(self, tenant_id: UUID) -> list[str]:
        """The hashes of every object of a tenant, sorted."""
        listed = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{tenant_id}/")
        return sorted(one["Key"].partition("/")[2] for page in listed for one in page.get("Contents", []))

    def remove_now(self, tenant_id: UUID, digest: str) -> None:
        """Remove an object for good; one that is not there is removed already."""
        try:
            self._client.delete_object(Bucket=self._bucket, Key=f"{tenant_id}/{digest}")
        except ClientError as error:
            raise Unavailable("文件存储暂时不可用，请稍后再试") from error

    def clear_now(self, tenant_id: UUID) -> int:
        """Remove every object of a tenant; returns how many that were."""
        listed = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{tenant_id}/")
        names = [one["Key"] for page in listed for one in page.get("Contents", [])]
        for name in names:
            self._client.delete_object(Bucket=self._bucket, Key=name)
        return len(names)

    async def remove(self, tenant_id: UUID, digest: str) -> None:
        await asyncio.to_thread(self.remove_now, tenant_id, digest)

    async def put(self, tenant_id: UUID, content: bytes) -> str:
        return await asyncio.to_thread(self.put_now, tenant_id, content)

    async def get(self, tenant_id: UUID, digest: str) -> bytes:
        return await asyncio.to_thread(self.get_now, tenant_id, digest)

    async def is_ready(self) -> bool:
        """Whether a known object can be read: a store that only lists buckets is not ready."""

        def probe() -> bool:
            try:
                return self._client.get_object(Bucket=self._bucket, Key=_PROBE)["Body"].read() == b"ready"
            except Exception:  # whatever the reason, the answer is no
                return False

        return await asyncio.to_thread(probe)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))

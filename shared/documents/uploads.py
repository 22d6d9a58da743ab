"""Uploads read in memory: a multipart form is never spooled to disk, since a file may have to be refused unkept."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from shared.errors import ApplicationError

_BOUNDARY = re.compile(r'multipart/form-data\s*;.*boundary="?([^";,]+)"?', re.I)
_FIELDS_AT_MOST = 100
_FIELD_BYTES_AT_MOST = 100_000
_NAME_LENGTH = 120
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class UploadUnreadable(ApplicationError):
    """The request is no well-formed multipart form."""

    status = 400
    title = "上传的内容不完整，请重新选择文件上传"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file: its name without folders, and its bytes."""

    file_name: str
    content: bytes


@dataclass(slots=True)
class UploadForm:
    """The fields and files of a form; of a repeated name the last one counts."""

    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)


def file_name_of(name: str) -> str:
    """A name fit to be shown and stored: no folders, no control or direction characters, 120 characters at the most."""
    plain = _UNPRINTABLE.sub("", unicodedata.normalize("NFC", name)).replace("\\", "/").rsplit("/", 1)[-1].strip()
    if len(plain) <= _NAME_LENGTH:
        return plain or "未命名"
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[: _NAME_LENGTH - 10]}…{dot}{ending[:8]}"


def read_upload(content_type: str, body: bytes) -> UploadForm:
    """The form in a request's body, which is already bounded by the server's limit.

    A file field that was left empty is no file.

    :raises UploadUnreadable: no multipart form, or a damaged one.
    """
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise UploadUnreadable
    form = UploadForm()
    segment: MultipartSegment | None = None
    pieces: list[bytes] = []
    try:
        with PushMultipartParser(
            found[1], content_length=len(body), max_segment_count=_FIELDS_AT_MOST, header_charset="utf8"
        ) as parser:
            # One pass with the whole body: every segment is its head, its content, and None at its end.
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    segment, pieces = event, []
                elif event is not None:
                    pieces.append(bytes(event))
                elif segment is not None:
                    _take(form, segment, pieces)
            for _ in parser.parse(b""):
                pass
    except (MultipartError, UnicodeDecodeError) as error:
        raise UploadUnreadable from error
    return form


async def receive_form(request: Request[Any, Any, Any], body: bytes) -> UploadForm:
    """The form of a request, its files examined by the site's scanner: what every handler that takes a file begins with.

    :raises UploadUnreadable: no multipart form, or a damaged one.
    :raises UploadRefused: the scanner found something. :raises Unavailable: it is set, and does not answer.
    """
    form = read_upload(request.headers.get("content-type", ""), body)
    for file in form.files.values():
        await request.app.state.scanner.examine(file.content)
    return form


def _take(form: UploadForm, segment: MultipartSegment, pieces: list[bytes]) -> None:
    content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if segment.filename is not None:
        if segment.filename or content:
            form.files[segment.name] = Upload(file_name_of(segment.filename), content)
        return
    if len(content) > _FIELD_BYTES_AT_MOST:
        raise UploadUnreadable
    form.values[segment.name] = content.decode("utf-8")

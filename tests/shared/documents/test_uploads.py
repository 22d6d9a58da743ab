"""Multipart forms read in memory: fields and files as sent, damage told, names fit to be shown."""

import httpx
import pytest

from shared.documents.uploads import UploadUnreadable, file_name_of, read_upload


def request(**parts: object) -> httpx.Request:
    sent = httpx.Request("POST", "http://localhost/", **parts)  # type: ignore[arg-type]
    sent.read()
    return sent


def test_fields_and_files_arrive_as_sent() -> None:
    content = bytes(range(256)) * 4_000
    sent = request(files={"file": ("台账 2025.xlsx", content, "application/x")}, data={"note": "说明\r\n第二行"})
    form = read_upload(sent.headers["content-type"], sent.content)
    assert form.values == {"note": "说明\r\n第二行"}
    assert form.files["file"].file_name == "台账 2025.xlsx"
    assert form.files["file"].content == content


def test_a_file_field_left_empty_is_no_file() -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--b--\r\n'
    assert read_upload("multipart/form-data; boundary=b", body).files == {}


@pytest.mark.parametrize("cut", [0, 1, 30, 200, 1_030])
def test_a_form_that_broke_off_is_refused(cut: int) -> None:
    sent = request(files={"file": ("a.xlsx", b"x" * 1_000)})
    with pytest.raises(UploadUnreadable):
        read_upload(sent.headers["content-type"], sent.content[:cut])


def test_what_is_no_form_is_refused() -> None:
    for content_type in ("", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        with pytest.raises(UploadUnreadable):
            read_upload(content_type, b"a=b")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C:\\台账\\2025.xlsx", "2025.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("a\u202excod.exe", "axcod.exe"),
        ("\x00", "未命名"),
        ("长" * 300 + ".xlsx", "长" * 110 + "….xlsx"),
    ],
)
def test_a_file_name_is_made_fit_to_be_shown(given: str, shown: str) -> None:
    assert file_name_of(given) == shown

"""The sample pages behind a real server, with the product's own assets and headers.

To look at them: ``python -m tests.shared.ui.preview`` and open http://127.0.0.1:8099/console.
"""

import asyncio
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.exceptions import NotFoundException

from shared.ui.asset_serving import assets_handler
from shared.ui.headers import SecurityHeaders, csp_report
from tests.shared.ui.samples import pages, sample

PORT = 8099


@get("/{name:str}", media_type=MediaType.HTML)
async def show(name: str) -> str:
    """A sample page."""
    if name not in pages():
        raise NotFoundException
    return sample(name)


@post("/draft", status_code=200)
async def draft(request: Request[Any, Any, Any]) -> dict[str, bool]:
    """Take a draft; a title of 登录超时 or 出错 answers as an expired session or a fault would."""
    form = await request.form()
    if form.get("title") == "出错":
        raise RuntimeError("asked for")
    return {"saved": "form_key" not in form}


@post("/saved", status_code=200)
async def saved(request: Request[Any, Any, Any]) -> Response[str]:
    """Take a form slowly, so that a second press would arrive; says how often it came."""
    request.app.state.times = request.app.state.get("times", 0) + 1
    await asyncio.sleep(0.6)
    return Response(
        f"<!doctype html><html lang=zh-CN><title>已提交</title><p>{request.app.state.times}", media_type=MediaType.HTML
    )


@get("/job", media_type=MediaType.HTML)
async def job() -> str:
    """The fragment a running job asks for: finished by now."""
    return '<div id="job-1" class="job">已完成</div>'


def make_app() -> Litestar:
    """The preview as the product would serve it."""
    app = Litestar([assets_handler, csp_report, show, draft, saved, job], logging_config=None, openapi_config=None)
    app.asgi_handler = SecurityHeaders(app.asgi_handler, https=False)
    return app


if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces

    Granian("tests.shared.ui.preview:make_app", factory=True, port=PORT, interface=Interfaces.ASGI, workers=1).serve()

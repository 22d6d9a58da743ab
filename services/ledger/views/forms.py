"""The form of a saved view; every error at once."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from services.ledger.views.models import NAME_LIMIT
from shared.forms import Form, plain


def _one_line(value: Any) -> Any:
    return " ".join(plain(value).split()) if isinstance(value, str) else value


class ViewForm(Form):
    """保存视图、重命名."""

    name: Annotated[str, BeforeValidator(_one_line), Field(min_length=1, max_length=NAME_LIMIT)] = Field(
        title="视图名称"
    )
    shared: bool = Field(default=False, title="本单位共用")

    @field_validator("shared", mode="before")
    @classmethod
    def _ticked(cls, value: Any) -> bool:
        return value in ("yes", True)

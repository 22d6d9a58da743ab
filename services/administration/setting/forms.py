"""The form of what a unit sets for its own papers."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.forms import Form, plain


class SettingForm(Form):
    """文书和公示地点: what is left empty is not set."""

    red_head: Annotated[str, BeforeValidator(plain), Field(max_length=60)] = Field(default="", title="红头")
    notice_place: Annotated[str, BeforeValidator(plain), Field(max_length=300)] = Field(default="", title="公示地点")

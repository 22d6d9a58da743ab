"""The form of a new client of the API."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.forms import Form, plain


class ClientForm(Form):
    """新的接口凭据."""

    name: Annotated[str, BeforeValidator(plain), Field(min_length=1, max_length=60)] = Field(title="名称")
    scopes: list[str] = Field(default_factory=list, title="可以办理的事项", max_length=40)

"""The realm's administration, as the service account ``chengguo-provisioning``: python-keycloak, and what it lacks."""

import json
from typing import Any, cast

from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakGetError, KeycloakPostError, KeycloakPutError, raise_error_from_response

from shared.errors import ApplicationError
from shared.settings import Settings


class NotAdministered(ApplicationError):
    """The settings name no service account for the realm, or the realm refuses what was asked; the message says what."""

    status = 409
    title = "统一身份认证未能办理"


class Administration:
    """One realm's administration interface. One per event loop. ``writes`` counts what was changed through it."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.keycloak_secret.get_secret_value()
        if not secret:
            raise NotAdministered("缺少 CHENGGUO_KEYCLOAK_SECRET：开通单位和比对配置须用服务账号")
        server, _, self.realm = settings.oidc_issuer.rstrip("/").rpartition("/realms/")
        self.portal = settings.oidc_client_id
        connection = KeycloakOpenIDConnection(
            server_url=server + "/",
            realm_name=self.realm,
            client_id=settings.keycloak_client_id,
            client_secret_key=secret,
            timeout=20,
        )
        self.admin = KeycloakAdmin(connection=connection)
        self.writes = 0

    async def read(self, path: str, **query: Any) -> Any:
        """What stands at an address below the realm. Raises KeycloakGetError."""
        answer = await self.admin.connection.a_raw_get(self._address(path), **query)
        return raise_error_from_response(answer, KeycloakGetError)

    async def post(self, path: str, body: Any) -> None:
        """:raises KeycloakError: anything but success; that something is there already (409) is success too."""
        answer = await self.admin.connection.a_raw_post(self._address(path), data=json.dumps(body))
        raise_error_from_response(answer, KeycloakPostError, expected_codes=[201, 204, 409])
        self.writes += 1

    async def put(self, path: str, body: Any = None) -> None:
        """:raises KeycloakError: anything but success."""
        data = "" if body is None else json.dumps(body)
        answer = await self.admin.connection.a_raw_put(self._address(path), data=data)
        raise_error_from_response(answer, KeycloakPutError, expected_codes=[204])
        self.writes += 1

    def _address(self, path: str) -> str:
        return f"admin/realms/{self.realm}/{path}"

    async def portal_id(self) -> str:
        """The internal id of the product's client.

        :raises NotAdministered: the realm has none.
        """
        found = await self.admin.a_get_client_id(self.portal)
        if found is None:
            raise NotAdministered(f"统一身份认证中没有客户端 {self.portal}：请先导入 infra/keycloak/realm.json")
        return str(found)

    async def organization(self, alias: str) -> dict[str, Any] | None:
        """The organization with this alias, with its attributes."""
        for brief in await self.admin.a_get_organizations({"search": alias, "first": 0, "max": 100}):
            if brief["alias"] == alias:
                return cast(dict[str, Any], await self.admin.a_get_organization(brief["id"]))
        return None

    async def user_with_address(self, email: str) -> dict[str, Any] | None:
        found = await self.admin.a_get_users({"email": email, "exact": True, "first": 0, "max": 2})
        return cast(dict[str, Any], found[0]) if found else None

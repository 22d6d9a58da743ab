"""Two more realms of the same server that play universities with a sign-in of their own: one by OIDC, one by SAML."""

from typing import Any

SECRET = "university-secret"
PASSWORD = "University-1-password!"


def _people(addresses: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {
            "username": address.partition("@")[0],
            "enabled": True,
            "email": address,
            "emailVerified": True,
            "firstName": address.partition("@")[0],
            "lastName": "U",
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        }
        for address in addresses
    ]


def by_oidc(name: str, server: str, realm: str, people: tuple[str, ...]) -> dict[str, Any]:
    """A realm whose client is the broker of another realm."""
    return {
        "realm": name,
        "enabled": True,
        "clients": [
            {
                "clientId": "broker",
                "enabled": True,
                "protocol": "openid-connect",
                "publicClient": False,
                "secret": SECRET,
                "standardFlowEnabled": True,
                "redirectUris": [f"{server}/realms/{realm}/broker/*"],
                "attributes": {
                    "pkce.code.challenge.method": "S256",
                    "post.logout.redirect.uris": "+",
                    "backchannel.logout.url": f"{server}/realms/{realm}/protocol/openid-connect/logout/backchannel-logout",
                    "backchannel.logout.session.required": "true",
                },
            }
        ],
        "users": _people(people),
    }


def by_saml(name: str, server: str, realm: str, people: tuple[str, ...]) -> dict[str, Any]:
    """A realm that signs assertions for another realm."""
    endpoint = f"{server}/realms/{realm}/broker/{name}/endpoint"

    def attribute(of: str, friendly: str, oid: str) -> dict[str, Any]:
        return {
            "name": friendly,
            "protocol": "saml",
            "protocolMapper": "saml-user-property-mapper",
            "config": {
                "user.attribute": of,
                "friendly.name": friendly,
                "attribute.name": f"urn:oid:{oid}",
                "attribute.nameformat": "URI Reference",
            },
        }

    return {
        "realm": name,
        "enabled": True,
        "clients": [
            {
                "clientId": f"{server}/realms/{realm}",
                "enabled": True,
                "protocol": "saml",
                "publicClient": True,
                "frontchannelLogout": True,
                "redirectUris": [endpoint],
                "attributes": {
                    "saml.assertion.signature": "true",
                    "saml.server.signature": "true",
                    "saml.signature.algorithm": "RSA_SHA256",
                    "saml.client.signature": "false",
                    "saml.force.post.binding": "true",
                    "saml.authnstatement": "true",
                    "saml_force_name_id_format": "true",
                    "saml_name_id_format": "persistent",
                    "saml_assertion_consumer_url_post": endpoint,
                    "saml_single_logout_service_url_post": endpoint,
                },
                "protocolMappers": [
                    attribute("email", "mail", "0.9.2342.19200300.100.1.3"),
                    attribute("firstName", "givenName", "2.5.4.42"),
                ],
            }
        ],
        "users": _people(people),
    }

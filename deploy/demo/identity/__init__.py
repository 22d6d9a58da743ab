"""The demo identity provider: OpenID Connect at Keycloak's addresses, for loopback and demo mode only.

Nobody proves who they are here: a person is picked from a list. Everything else (code flow with PKCE, rotation of refresh
tokens, sign-out of both kinds, keys that may be rotated) behaves as a real provider does, so that the product meets the
same answers and the same refusals. Sessions are kept in memory: a restart signs everybody out of the provider.
"""

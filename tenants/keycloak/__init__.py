"""The realm of the installation at Keycloak: opening a tenant there, and comparing the realm with its code."""

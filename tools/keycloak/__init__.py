"""The real Keycloak, an OpenID Connect issuer, in a child process: what the handling of tokens is held to."""

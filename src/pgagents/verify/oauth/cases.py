"""The cases of an OAuth grant: the promise of each, and the cases that only some servers have."""

from __future__ import annotations

NAME = "oauth_grants"


CASES = {
    "state": "the state that a client sent comes back with the code",
    "refused": "a user who refuses sends the client back with an error and its state, and without a code",
    "challenge_required": "a client that PKCE binds gets no code without a challenge",
    "challenge_method": "a challenge of another method than the catalogue's earns no token",
    "verifier_required": "a code that was asked for with a challenge is not exchanged without its verifier",
    "verifier_checked": "a code is not exchanged with another verifier",
    "other_challenged": "another client that sent a challenge is bound by it, whether it has a secret or not",
    "redirect_bound": "a code is not exchanged with another redirect URI than it was asked for with",
    "client_bound": "a code is not exchanged by another client",
    "token": "a code is exchanged for a token, and a call with it succeeds",
    "not_stored": "an answer with tokens forbids to store it",
    "expiry_told": "expires_in, where it is returned, is the access token's lifetime in the catalogue",
    "scope": "a token does nothing that it was not granted",
    "once": "a code is exchanged once",
    "refresh": "a refresh token is exchanged for a new access token, which works",
    "rotation": "a refresh token that was exchanged works no more",
    "refresh_scope": "a refresh token gives nothing that was not granted",
    "revoked": "a token that was revoked works no more, whatever kind of token the revocation took it for",
    "revoked_refresh": "a refresh token that was revoked gives nothing",
    "revocation": "a revocation is answered 200, also that of a token which is dead already",
}
CHALLENGING = (
    "challenge_required",
    "challenge_method",
    "verifier_required",
    "verifier_checked",
    "other_challenged",
)
"""Cases of servers with PKCE."""
REFRESHING = ("refresh", "rotation", "refresh_scope", "revoked_refresh", "revocation")
"""Cases of servers with refresh tokens."""

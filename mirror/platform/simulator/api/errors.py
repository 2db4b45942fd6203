"""How the read API refuses a call: a documented code and a sentence."""

from typing import Final

MESSAGES: Final = {
    "AuthFailure.InvalidAuthorization": "The Authorization header is not valid.",
    "AuthFailure.SecretIdNotFound": "The SecretId is not found.",
    "AuthFailure.SignatureExpire": "The signature has expired: check the local clock.",
    "AuthFailure.SignatureFailure": "The signature does not match the request.",
    "InternalError": "An internal error has occurred.",
    "InvalidAction": "The action does not exist.",
    "NoSuchVersion": "The version does not exist.",
    "RequestLimitExceeded": "Your request is over the frequency limit.",
    "ResourceNotFound": "The resource is not found.",
    "ResourceNotFound.Platform": "The platform is not found.",
    "UnsupportedProtocol": "Send POST with application/json.",
}


class ApiError(Exception):
    """Becomes `Response.Error` with HTTP status 200."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message or MESSAGES.get(code, "The request failed.")

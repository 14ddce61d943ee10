"""Refusals of Amazon S3, whose codes have statuses of their own (API Reference, "Error responses")."""

from .refusal import refused

STATUSES = {
    "403": 403,
    "404": 404,
    "405": 405,
    "412": 412,
    "AccessDenied": 403,
    "BucketNotEmpty": 409,
    "InvalidBucketState": 409,
    "MethodNotAllowed": 405,
    "NoSuchBucketPolicy": 404,
    "NoSuchKey": 404,
    "NoSuchObjectLockConfiguration": 404,
    "NoSuchVersion": 404,
    "ObjectLockConfigurationNotFoundError": 404,
    "PreconditionFailed": 412,
}


def refusal(code, call, *arguments, **named):
    """The answer to a call that must be refused with this code."""
    with refused(code, status=STATUSES.get(code, 400)) as caught:
        call(*arguments, **named)
    return caught.value.response

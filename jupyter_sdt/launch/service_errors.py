"""Errors of AWS as one sentence each: what happened, what to change, where it is documented."""

from __future__ import annotations

import re
from typing import Any, Literal

from jupyter_sdt.errors import LaunchError

Kind = Literal["throttled", "credentials", "denied", "missing", "unreachable", "refused"]

_THROTTLED = re.compile(r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|LimitExceeded$")
_CREDENTIALS = re.compile(
    r"ExpiredToken|RequestExpired|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|"
    r"InvalidToken|SignatureDoesNotMatch|AuthFailure|InvalidSignature|TokenRefreshRequired"
)
_DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|NotAuthorized|^403$|Forbidden")
_MISSING = re.compile(r"ResourceNotFound|NoSuchBucket|NoSuchKey|NoSuchEntity|^404$|NotFound")
# Operations whose permission has another name.
_PERMISSIONS = {
    "HeadBucket": "s3:ListBucket",
    "PutObject": "s3:PutObject",
    "CreateBucket": "s3:CreateBucket",
    "GetRole": "iam:GetRole",
    "GetCallerIdentity": "sts:GetCallerIdentity",
    "DescribeLogStreams": "logs:DescribeLogStreams",
    "GetLogEvents": "logs:GetLogEvents",
    "GetMetricData": "cloudwatch:GetMetricData",
    "ListServiceQuotas": "servicequotas:ListServiceQuotas",
    "DescribeImages": "ecr:DescribeImages",
    "DescribeSubnets": "ec2:DescribeSubnets",
}
_DOCS = "https://docs.aws.amazon.com"
_CREDENTIAL_PAGE = "https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html"
_PERMISSION_PAGE = f"{_DOCS}/sagemaker/latest/dg/api-permissions-reference.html"
_QUOTA_PAGE = f"{_DOCS}/sagemaker/latest/dg/regions-quotas.html"
_REQUEST_PAGE = f"{_DOCS}/sagemaker/latest/APIReference/API_CreateTrainingJob.html"
_BUCKET_PAGE = f"{_DOCS}/AmazonS3/latest/userguide/bucketnamingrules.html"


def code_of(error: Exception) -> str:
    """The service's code of an error, or an empty string when it never reached a service."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def kind_of(error: Exception) -> Kind:
    """What kind of trouble an error of boto3 is."""
    code, name = code_of(error), type(error).__name__
    if code == "ResourceLimitExceeded":
        return "refused"
    if _CREDENTIALS.search(code) or "Credential" in name or "Token" in name or "SSO" in name:
        return "credentials"
    if _THROTTLED.search(code):
        return "throttled"
    if _DENIED.search(code):
        return "denied"
    if _MISSING.search(code) or "Requested resource not found" in _message(error):
        return "missing"
    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return "unreachable" if not code or status >= 500 else "refused"


def explain(error: Exception, *, resource: str) -> LaunchError:
    """Return what to raise for an error of boto3 about ``resource``.

    Only the first line of the service's text is shown: further ones may repeat signed headers.
    """
    kind, said = kind_of(error), _message(error)
    if kind == "credentials":
        text = f"AWS has no valid credentials of yours: {said}; log in again, {_CREDENTIAL_PAGE}"
    elif kind == "denied":
        text = (
            f"you may not use {resource}: {said}; add {permission(error)} to the policy of your "
            f"user or role, {_PERMISSION_PAGE}"
        )
    elif kind == "throttled":
        text = (
            f"AWS is asked too often for {resource}: {said}; try again in a minute, {_QUOTA_PAGE}"
        )
    elif kind == "unreachable":
        text = f"{resource} cannot be reached: {said}; see {_CREDENTIAL_PAGE}"
    else:
        text = _refusal(error, resource, said)
    return LaunchError(text)


def permission(error: Exception) -> str:
    """The IAM permission that an operation needs."""
    if "iam:PassRole" in _message(error):
        return "iam:PassRole"
    operation = str(getattr(error, "operation_name", ""))
    return _PERMISSIONS.get(operation, f"sagemaker:{operation}")


def _refusal(error: Exception, resource: str, said: str) -> str:
    code = code_of(error)
    if code == "ResourceLimitExceeded":
        return f"the quota of your account ends here: {said}; ask for more, {_QUOTA_PAGE}"
    if code == "ResourceInUse":
        return f"job_name: {resource} exists already: {said}; choose another, {_REQUEST_PAGE}"
    if code in ("BucketAlreadyExists", "NoSuchBucket", "404"):
        return f"{resource}: {said}; name a bucket of yours with output_path, {_BUCKET_PAGE}"
    return f"{resource} was refused: {said}; see {_REQUEST_PAGE}"


def _message(error: Exception) -> str:
    response: dict[str, Any] = getattr(error, "response", None) or {}
    text = str(response.get("Error", {}).get("Message") or error).strip()
    code = code_of(error)
    first = text.partition("\n")[0].rstrip(". ")[:500]
    return f"{code}: {first}" if code and code not in first else first

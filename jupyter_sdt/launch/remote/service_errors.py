"""Errors of AWS as one sentence each: what happened, what to change, where it is documented."""

from __future__ import annotations

import re
from typing import Any, Literal

from jupyter_sdt.errors import LaunchError

Kind = Literal[
    "throttled", "credentials", "configuration", "denied", "missing", "unreachable", "refused"
]

# Codes of the services.
_CODES: dict[Kind, re.Pattern[str]] = {
    "credentials": re.compile(
        r"ExpiredToken|RequestExpired|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|"
        r"InvalidToken|SignatureDoesNotMatch|AuthFailure|InvalidSignature|TokenRefreshRequired|"
        r"RequestTimeTooSkewed|MissingAuthenticationToken|IncompleteSignature"
    ),
    "throttled": re.compile(
        r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|LimitExceeded$"
    ),
    "denied": re.compile(r"AccessDenied|UnauthorizedOperation|NotAuthorized|^403$|Forbidden"),
    "missing": re.compile(r"ResourceNotFound|NoSuchBucket|NoSuchKey|NoSuchEntity|^404$|NotFound"),
}
# botocore's own errors, which never reached a service, by the names of their classes.
_OWN: dict[Kind, re.Pattern[str]] = {
    "credentials": re.compile(r"Credential|Token|SSO"),
    "configuration": re.compile(
        r"NoRegion|Profile|ConfigNotFound|ConfigParse|InvalidConfig|UnknownService|InvalidRegion|"
        r"InvalidEndpoint|UnknownEndpoint"
    ),
    "refused": re.compile(r"ParamValidation|InvalidS3Addressing|MissingParameters"),
}
# Operations whose permission has another name.
_PERMISSIONS = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "GetProducts": "pricing:GetProducts",
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
    "BatchGetImage": "ecr:BatchGetImage",
    "DescribeSubnets": "ec2:DescribeSubnets",
    "DescribeSecurityGroups": "ec2:DescribeSecurityGroups",
}
_DOCS = "https://docs.aws.amazon.com"
_CREDENTIAL_PAGE = "https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html"
_PERMISSION_PAGE = f"{_DOCS}/sagemaker/latest/dg/api-permissions-reference.html"
_QUOTA_PAGE = f"{_DOCS}/sagemaker/latest/dg/regions-quotas.html"
_REQUEST_PAGE = f"{_DOCS}/sagemaker/latest/APIReference/API_CreateTrainingJob.html"
_BUCKET_PAGE = f"{_DOCS}/AmazonS3/latest/userguide/bucketnamingrules.html"
_REGION_PAGE = f"{_DOCS}/sdkref/latest/guide/feature-region.html"
_S3_ERROR_PAGE = f"{_DOCS}/AmazonS3/latest/API/ErrorResponses.html"
_ROLE_PAGE = f"{_DOCS}/sagemaker/latest/dg/sagemaker-roles.html"
_KEY_PAGE = f"{_DOCS}/kms/latest/developerguide/key-policies.html"

_REFUSED = f"{{resource}} was refused: {{said}}; see {_REQUEST_PAGE}"
# Codes -> the sentence.
_REFUSALS = {
    "KMS.*": f"{{resource}}: its key cannot be used: {{said}}; see {_KEY_PAGE}",
    "PermanentRedirect|301|AuthorizationHeaderMalformed": (
        f"{{resource}} lies in another region than the job: {{said}}; see {_REGION_PAGE}"
    ),
    "NoSuchKey|InvalidRange|InvalidObjectState": f"{{resource}}: {{said}}; see {_S3_ERROR_PAGE}",
    "ResourceLimitExceeded": (
        f"the quota of your account ends here: {{said}}; ask for more, {_QUOTA_PAGE}"
    ),
    "ResourceInUse": (
        f"job_name: {{resource}} exists already: {{said}}; choose another, {_REQUEST_PAGE}"
    ),
    "NoSuchEntity": f"{{resource}}: {{said}}; name a role that there is, {_ROLE_PAGE}",
    "BucketAlreadyExists|NoSuchBucket|404": (
        f"{{resource}}: {{said}}; name a bucket of yours with output_path, {_BUCKET_PAGE}"
    ),
}


def code_of(error: Exception) -> str:
    """The service's code of an error, or an empty string when it never reached a service."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def kind_of(error: Exception) -> Kind:
    """What kind of trouble an error of boto3 is."""
    error = _inner(error)
    code, name = code_of(error), type(error).__name__
    if not code and (own := next((k for k, n in _OWN.items() if n.search(name)), None)):
        return own
    if code == "ResourceLimitExceeded":
        return "refused"
    if found := next((kind for kind, codes in _CODES.items() if codes.search(code)), None):
        return found
    if "Requested resource not found" in _message(error):
        return "missing"
    response: dict[str, Any] = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return "unreachable" if not code or status >= 500 else "refused"


def explain(error: Exception, *, resource: str) -> LaunchError:
    """Return what to raise for an error of boto3 about ``resource``.

    Only the first line of the service's text is shown: further ones may repeat signed headers.
    """
    error = _inner(error)
    kind, said = kind_of(error), _message(error)
    if kind == "credentials":
        text = f"AWS has no valid credentials of yours: {said}; log in again, {_CREDENTIAL_PAGE}"
    elif kind == "configuration":
        text = f"the configuration of AWS is not right: {said}; see {_REGION_PAGE}"
    elif kind == "denied":
        page = _KEY_PAGE if permission(error).startswith("kms:") else _PERMISSION_PAGE
        text = (
            f"you may not use {resource}: {said}; add {permission(error)} to the policy of your "
            f"user or role, {page}"
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


def sentence_of(error: Exception) -> str:
    """The first line of what the service says, with its code."""
    return _message(_inner(error))


def permission(error: Exception) -> str:
    """The IAM permission that an operation needs."""
    error = _inner(error)
    # AWS names the one that is missing, where it is another than the operation's.
    if named := re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)", _message(error)):
        return named[1]
    operation = str(getattr(error, "operation_name", ""))
    return _PERMISSIONS.get(operation, f"sagemaker:{operation}")


def _inner(error: Exception) -> Exception:
    """What boto3's transfers wrap in an error of their own, which has no code."""
    inner = error.__cause__ or error.__context__
    wrapped = type(error).__name__ in ("S3UploadFailedError", "RetriesExceededError")
    return inner if wrapped and isinstance(inner, Exception) else error


def _refusal(error: Exception, resource: str, said: str) -> str:
    if "assume role" in said:
        return f"role: SageMaker cannot take it over: {said}; let it trust SageMaker, {_ROLE_PAGE}"
    template = next((t for c, t in _REFUSALS.items() if re.fullmatch(c, code_of(error))), _REFUSED)
    return template.format(resource=resource, said=said)


def _message(error: Exception) -> str:
    response: dict[str, Any] = getattr(error, "response", None) or {}
    text = str(response.get("Error", {}).get("Message") or error).strip()
    code = code_of(error)
    first = text.partition("\n")[0].rstrip(". ")[:500]
    return f"{code}: {first}" if code and code not in first else first

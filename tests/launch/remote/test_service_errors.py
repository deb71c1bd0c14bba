"""Errors of AWS: their kind, one sentence, the permission, a page."""

from __future__ import annotations

import boto3.exceptions
import botocore.exceptions as own
import botocore.loaders
import botocore.model
import pytest
from botocore.exceptions import ClientError

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.remote.service_errors import explain, kind_of, permission


def failed(
    code: str, operation: str = "CreateTrainingJob", message: str = "no.", status: int = 400
) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}}
    return ClientError(answer | {"ResponseMetadata": {"HTTPStatusCode": status}}, operation)


def wrapped(error: Exception) -> Exception:
    """As boto3's upload_file raises it."""
    try:
        try:
            raise error
        except ClientError as inner:
            raise boto3.exceptions.S3UploadFailedError(f"Failed to upload: {inner}")  # noqa: B904
    except boto3.exceptions.S3UploadFailedError as outer:
        return outer


ASSUME = "Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists"
PASS = "User: u is not authorized to perform: iam:PassRole on resource: r"
KMS = "User: u is not authorized to perform: kms:GenerateDataKey on resource: k"
# Error, its kind, words of the sentence.
TABLE = {
    "throttling": (failed("ThrottlingException"), "throttled", "try again in a minute"),
    "S3 asks to slow down": (failed("SlowDown", "PutObject"), "throttled", "asked too often"),
    "an expired token": (failed("ExpiredTokenException"), "credentials", "log in again"),
    "an unknown key": (failed("UnrecognizedClientException"), "credentials", "log in again"),
    "a clock that is wrong": (failed("RequestTimeTooSkewed"), "credentials", "RequestTimeTooSkew"),
    "no credentials": (own.NoCredentialsError(), "credentials", "no valid credentials"),
    "an SSO login that ended": (
        own.UnauthorizedSSOTokenError(),
        "credentials",
        "no valid credentials",
    ),
    "half of the credentials": (
        own.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"),
        "credentials",
        "aws_secret_access_key",
    ),
    "a profile nobody made": (
        own.ProfileNotFound(profile="work"),
        "configuration",
        "the configuration of AWS is not right",
    ),
    "no region": (own.NoRegionError(), "configuration", "feature-region"),
    "denied": (failed("AccessDeniedException"), "denied", "add sagemaker:CreateTrainingJob to"),
    "denied in S3": (failed("AccessDenied", "PutObject"), "denied", "add s3:PutObject to"),
    "denied to look": (failed("403", "HeadBucket"), "denied", "add s3:ListBucket"),
    "denied to read": (failed("403", "HeadObject"), "denied", "add s3:GetObject"),
    "denied in an upload": (
        wrapped(failed("AccessDenied", "UploadPart")),
        "denied",
        "add s3:PutObject",
    ),
    "denied to pass the role": (
        failed("AccessDeniedException", message=PASS),
        "denied",
        "add iam:PassRole",
    ),
    "denied by a key": (
        failed("AccessDenied", "PutObject", KMS),
        "denied",
        "add kms:GenerateDataKey to the policy of your user or role, https://docs.aws.amazon.com/kms",
    ),
    "a key nobody made": (failed("KMS.DisabledException", "PutObject"), "refused", "key-policies"),
    "a role without trust": (
        failed("ValidationException", message=ASSUME),
        "refused",
        "role: SageMaker cannot take it over",
    ),
    "a job nobody made": (
        failed("ValidationException", message="Requested resource not found."),
        "missing",
        "job was refused",
    ),
    "no such group": (failed("ResourceNotFoundException"), "missing", "job was refused"),
    "no such object": (failed("NoSuchKey", "GetObject"), "missing", "ErrorResponses"),
    "no such bucket": (failed("NoSuchBucket", "PutObject"), "missing", "name a bucket of yours"),
    "a bucket of others": (
        failed("BucketAlreadyExists", "CreateBucket"),
        "refused",
        "name a bucket of yours",
    ),
    "a bucket elsewhere": (
        failed("PermanentRedirect", "GetObject"),
        "refused",
        "lies in another region",
    ),
    "a wrong value": (
        failed("ValidationException"),
        "refused",
        "job was refused: ValidationException: no; see https://",
    ),
    "a wrong argument": (
        own.ParamValidationError(report="Unknown parameter"),
        "refused",
        "job was refused",
    ),
    "a quota": (failed("ResourceLimitExceeded"), "refused", "the quota of your account"),
    "a name that is taken": (failed("ResourceInUse"), "refused", "job_name: job exists already"),
    "a service in trouble": (failed("InternalFailure", status=500), "unreachable", "be reached"),
    "nobody there": (
        own.EndpointConnectionError(endpoint_url="https://x"),
        "unreachable",
        "job ca",
    ),
    "no answer": (own.ReadTimeoutError(endpoint_url="https://x"), "unreachable", "be reached"),
    "a proxy": (own.ProxyConnectionError(proxy_url="https://p"), "unreachable", "be reached"),
    "a certificate": (
        own.SSLError(endpoint_url="https://x", error="e"),
        "unreachable",
        "be reached",
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_each_has_a_kind_and_becomes_one_sentence_with_a_page(case):
    error, kind, words = TABLE[case]
    assert kind_of(error) == kind
    told = explain(error, resource="job")
    assert isinstance(told, LaunchError)
    assert words in str(told)
    assert "https://docs.aws" in str(told) or "https://boto3.amazonaws" in str(told)
    assert "\n" not in str(told)


# Every call that this package makes, with the service whose permission it needs.
CALLS = {
    "sts": ("GetCallerIdentity",),
    "iam": ("GetRole",),
    "s3": ("HeadBucket", "CreateBucket", "PutObject", "GetObject", "HeadObject", "ListObjectsV2"),
    "sagemaker": (
        *("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "ListTrainingJobs"),
        "UpdateTrainingJob",
    ),
    "logs": ("DescribeLogStreams", "GetLogEvents"),
    "cloudwatch": ("GetMetricData",),
    "pricing": ("GetProducts",),
    "servicequotas": ("ListServiceQuotas",),
    "ecr": ("DescribeImages", "BatchGetImage"),
    "ec2": ("DescribeSubnets", "DescribeSecurityGroups"),
}
_MODELS = {"servicequotas": "service-quotas"}


@pytest.mark.parametrize("prefix", CALLS)
def test_the_permission_of_every_call_is_known(prefix):
    model = botocore.model.ServiceModel(
        botocore.loaders.Loader().load_service_model(_MODELS.get(prefix, prefix), "service-2")
    )
    for operation in CALLS[prefix]:
        assert operation in model.operation_names
        assert permission(failed("AccessDenied", operation)).startswith(f"{prefix}:")


def test_signed_headers_are_not_repeated():
    message = "The request signature does not match.\n\nCanonical: x-amz-security-token:canary"
    error = failed("SignatureDoesNotMatch", message=message)
    assert "canary" not in str(explain(error, resource="job"))

"""Errors of AWS: their kind, one sentence, the permission, a page."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.service_errors import explain, kind_of, permission


def failed(code: str, operation: str = "CreateTrainingJob", message: str = "no.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (failed("ThrottlingException"), "throttled"),
        (failed("ExpiredTokenException"), "credentials"),
        (failed("UnrecognizedClientException"), "credentials"),
        (NoCredentialsError(), "credentials"),
        (failed("AccessDeniedException"), "denied"),
        (failed("403", "HeadBucket"), "denied"),
        (failed("ResourceNotFoundException"), "missing"),
        (failed("ValidationException", message="Requested resource not found."), "missing"),
        (failed("ValidationException"), "refused"),
        (failed("ResourceLimitExceeded"), "refused"),
        (EndpointConnectionError(endpoint_url="https://x"), "unreachable"),
    ],
)
def test_the_kind_tells_what_can_be_waited_for(error, kind):
    assert kind_of(error) == kind


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (failed("AccessDeniedException"), "add sagemaker:CreateTrainingJob to the policy"),
        (failed("AccessDenied", "PutObject"), "add s3:PutObject to the policy"),
        (failed("403", "HeadBucket"), "add s3:ListBucket"),
        (failed("ResourceLimitExceeded"), "the quota of your account"),
        (failed("ResourceInUse"), "job_name: job exists already"),
        (failed("ExpiredToken"), "log in again"),
        (failed("BucketAlreadyExists", "CreateBucket"), "name a bucket of yours"),
        (failed("ThrottlingException"), "try again in a minute"),
        (EndpointConnectionError(endpoint_url="https://x"), "job cannot be reached"),
        (failed("ValidationException"), "job was refused: ValidationException: no; see https://"),
    ],
)
def test_each_becomes_one_sentence_with_a_page(error, words):
    told = explain(error, resource="job")
    assert isinstance(told, LaunchError)
    assert words in str(told)
    assert "https://" in str(told)
    assert "\n" not in str(told)


def test_the_role_must_be_passed_on():
    message = "User: u is not authorized to perform: iam:PassRole on resource: r"
    assert permission(failed("AccessDeniedException", message=message)) == "iam:PassRole"


def test_signed_headers_are_not_repeated():
    message = "The request signature does not match.\n\nCanonical: x-amz-security-token:canary"
    error = failed("SignatureDoesNotMatch", message=message)
    assert "canary" not in str(explain(error, resource="job"))

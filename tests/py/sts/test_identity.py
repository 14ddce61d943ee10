"""Who is calling. API Reference: GetCallerIdentity, GetAccessKeyInfo."""

import pytest

from harness.refusal import refused


def test_unknown_key_is_the_root_of_the_default_account(sts):
    """GetCallerIdentity, for an account's root user: the account's id is the user id, and the ARN ends with `root`."""
    got = sts.get_caller_identity()
    assert (got["UserId"], got["Account"], got["Arn"]) == ("000000000000", "000000000000", "arn:aws:iam::000000000000:root")


def test_twelve_digit_key_is_that_account(sts_of):
    """A key id of twelve digits acts as the root of the account with that number."""
    got = sts_of(key="111122223333").get_caller_identity()
    assert (got["UserId"], got["Account"], got["Arn"]) == ("111122223333", "111122223333", "arn:aws:iam::111122223333:root")


@pytest.mark.parametrize("region, partition", [("us-east-1", "aws"), ("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_partition_of_the_region(clients, world, region, partition):
    """AWS General Reference, "ARNs", partition: aws, aws-cn, aws-us-gov, by region."""
    got = clients.client("sts", region=region).get_caller_identity()
    assert got["Arn"] == f"arn:{partition}:iam::000000000000:root"


def test_assumed_role(assume, sts_of):
    """GetCallerIdentity, for a role session: `role id:session name`, and the ARN of the session without the role's path."""
    answer = assume()
    got = sts_of(answer["Credentials"]).get_caller_identity()
    assert got["Account"] == "111122223333"
    assert got["Arn"] == "arn:aws:sts::111122223333:assumed-role/reader/session" == answer["AssumedRoleUser"]["Arn"]
    assert got["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    role_id, session = got["UserId"].split(":")
    assert role_id.startswith("AROA") and session == "session"


def test_federated_user(sts, sts_of):
    """GetCallerIdentity, for a federated user: `account:name`."""
    answer = sts.get_federation_token(Name="Bob")
    got = sts_of(answer["Credentials"]).get_caller_identity()
    assert got["UserId"] == answer["FederatedUser"]["FederatedUserId"] == "000000000000:Bob"
    assert got["Arn"] == answer["FederatedUser"]["Arn"] == "arn:aws:sts::000000000000:federated-user/Bob"


def test_session_token_keeps_the_identity(sts, sts_of):
    """GetSessionToken: the credentials are those of the user, here the root, who called."""
    credentials = sts.get_session_token()["Credentials"]
    got = sts_of(credentials).get_caller_identity()
    assert (got["Account"], got["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:root")


class TestAccessKeyInfo:
    """GetAccessKeyInfo: the account to which a key belongs."""

    def test_issued_key(self, assume, sts):
        key = assume()["Credentials"]["AccessKeyId"]
        assert sts.get_access_key_info(AccessKeyId=key)["Account"] == "111122223333"

    @pytest.mark.parametrize("key", ["short", "x" * 129])
    def test_length(self, sts, key):
        """AccessKeyId: 16 to 128 characters."""
        with refused("ValidationError", starts="1 validation error detected: Value"):
            sts.get_access_key_info(AccessKeyId=key)

    def test_required(self, sts):
        """AccessKeyId: required."""
        with refused("ValidationError", starts="1 validation error detected: Value null at 'accessKeyId' failed to satisfy constraint: Member must not be null"):
            sts.get_access_key_info()


def test_decode_nonsense(sts):
    """DecodeAuthorizationMessage, InvalidAuthorizationMessageException: the message was not one that AWS encoded."""
    with refused("InvalidAuthorizationMessageException"):
        sts.decode_authorization_message(EncodedMessage="nonsense")


def test_identity_needs_no_permissions_and_no_body(sts):
    """GetCallerIdentity takes no parameters; unknown ones change nothing."""
    assert set(sts.get_caller_identity()) - {"ResponseMetadata"} == {"UserId", "Account", "Arn"}


def test_request_id(sts):
    """Query protocol: the request id is in the metadata of the answer and in the header."""
    metadata = sts.get_caller_identity()["ResponseMetadata"]
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]

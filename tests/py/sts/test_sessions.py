"""Temporary credentials: issued, used, expired. API Reference: AssumeRole, GetSessionToken, GetFederationToken; IAM User Guide, "Temporary
security credentials"."""

import datetime
import json

import pytest

from harness.refusal import refused

HOUR = 3600
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})
CHANGED_SIGNATURE = "The request signature we calculated does not match the signature you provided."


def lifetime(answer, clock):
    """Seconds until the credentials expire. The answer tells whole seconds, so the clock is read likewise."""
    return round(answer["Credentials"]["Expiration"].timestamp() - int(clock.now()))


class TestAssumeRole:
    def test_answer(self, assume):
        """AssumeRole, response: credentials whose key begins with ASIA, and the session's identifiers."""
        answer = assume()
        credentials = answer["Credentials"]
        assert credentials["AccessKeyId"].startswith("ASIA") and len(credentials["AccessKeyId"]) == 20
        assert len(credentials["SecretAccessKey"]) == 40
        assert credentials["SessionToken"]
        assert credentials["Expiration"].tzinfo is not None
        assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::111122223333:assumed-role/reader/session"
        assert answer["AssumedRoleUser"]["AssumedRoleId"].startswith("AROA")
        assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":session")

    def test_role_id_is_the_role_s(self, assume):
        """IAM User Guide, "Unique identifiers": a role has one id, whoever assumes it."""
        one = assume(RoleSessionName="one")["AssumedRoleUser"]["AssumedRoleId"]
        other = assume(RoleSessionName="other")["AssumedRoleUser"]["AssumedRoleId"]
        assert one.split(":")[0] == other.split(":")[0]

    def test_each_session_has_its_own_credentials(self, assume):
        keys = {assume()["Credentials"]["AccessKeyId"] for _ in range(5)}
        assert len(keys) == 5

    def test_default_duration(self, assume, clock):
        """DurationSeconds: by default 3600."""
        assert lifetime(assume(), clock) == HOUR

    @pytest.mark.parametrize("seconds", [900, 43200])
    def test_duration(self, assume, clock, seconds):
        """DurationSeconds: from 900 up to the role's maximum session duration, 12 hours at most."""
        assert lifetime(assume(DurationSeconds=seconds), clock) == seconds

    @pytest.mark.parametrize(
        "seconds, constraint",
        [(899, "Member must have value greater than or equal to 900"), (43201, "Member must have value less than or equal to 43200")],
    )
    def test_duration_out_of_range(self, assume, seconds, constraint):
        """Common errors, ValidationError: the constraint of the model, in these words."""
        message = f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: {constraint}"
        with refused("ValidationError", message):
            assume(DurationSeconds=seconds)

    @pytest.mark.parametrize(
        "name, constraint",
        [
            ("x", "Member must have length greater than or equal to 2"),
            ("x" * 65, "Member must have length less than or equal to 64"),
            ("with space", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
        ],
    )
    def test_session_name(self, assume, name, constraint):
        """RoleSessionName: 2 to 64 characters of [\\w+=,.@-]."""
        message = f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: {constraint}"
        with refused("ValidationError", message):
            assume(RoleSessionName=name)

    def test_several_errors_at_once(self, assume):
        """Common errors, ValidationError: all constraints that fail are told, and counted."""
        with refused("ValidationError", starts="2 validation errors detected: Value ") as caught:
            assume(RoleSessionName="x", DurationSeconds=1)
        message = caught.value.response["Error"]["Message"]
        assert "at 'roleSessionName'" in message and "at 'durationSeconds'" in message and "; Value '" in message

    def test_required(self, sts):
        """RoleArn and RoleSessionName: required."""
        with refused("ValidationError", starts="2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null"):
            sts.assume_role()

    @pytest.mark.parametrize("arn", ["arn:aws:iam::111122223333:user/somebody", "not-an-arn-but-long-enough", "arn:aws:s3:::bucket-of-somebody"])
    def test_arn_of_no_role(self, assume, arn):
        """RoleArn: the ARN of the role to assume."""
        with refused("ValidationError"):
            assume(RoleArn=arn)

    @pytest.mark.parametrize("policy", ["{", "nonsense", '"text"', "[]", "{}"])
    def test_malformed_policy(self, assume, policy):
        """MalformedPolicyDocument: the policy document was malformed."""
        with refused("MalformedPolicyDocument"):
            assume(Policy=policy)

    def test_policy_and_tags(self, assume):
        """PackedPolicySize: a percentage of the allowed space, given when session policies or tags were."""
        answer = assume(Policy=POLICY, Tags=[{"Key": "team", "Value": "blue"}], TransitiveTagKeys=["team"])
        assert 0 <= answer["PackedPolicySize"] <= 100

    def test_too_many_tags(self, assume):
        """Tags: up to 50."""
        with refused("ValidationError"):
            assume(Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)])

    def test_source_identity(self, assume):
        """SourceIdentity: answered, and kept by the session."""
        assert assume(SourceIdentity="alice")["SourceIdentity"] == "alice"

    def test_role_chaining(self, assume, sts_of):
        """IAM User Guide, "Role chaining": a session may assume a role, for one hour at most."""
        chained = sts_of(assume()["Credentials"])
        answer = chained.assume_role(RoleArn="arn:aws:iam::444455556666:role/second", RoleSessionName="chained")
        assert sts_of(answer["Credentials"]).get_caller_identity()["Account"] == "444455556666"
        with refused("ValidationError"):
            chained.assume_role(RoleArn="arn:aws:iam::444455556666:role/second", RoleSessionName="long", DurationSeconds=HOUR + 1)


class TestUse:
    """Issued credentials are recognised, verified, and expire."""

    def test_they_act_in_their_account(self, assume, sts_of):
        """A session's calls are those of the account that owns the role."""
        sqs = sts_of(assume()["Credentials"], service="sqs")
        assert "/111122223333/" in sqs.create_queue(QueueName="of-the-role")["QueueUrl"]
        assert len(sts_of(key="111122223333", service="sqs").list_queues()["QueueUrls"]) == 1

    def test_sender_of_a_session(self, assume, sts_of):
        """Amazon SQS, ReceiveMessage, SenderId: for a role it is `role id:session name`."""
        answer = assume()
        sqs = sts_of(answer["Credentials"], service="sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="x")
        (message,) = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["SenderId"])["Messages"]
        assert message["Attributes"]["SenderId"] == answer["AssumedRoleUser"]["AssumedRoleId"]

    def test_expiry(self, assume, sts_of, clock):
        """IAM User Guide, "Temporary security credentials": after they expire AWS no longer recognises them."""
        session = sts_of(assume(DurationSeconds=900)["Credentials"])
        clock.advance(899)
        session.get_caller_identity()
        clock.advance(2)
        with refused("ExpiredToken", "The security token included in the request is expired", status=403):
            session.get_caller_identity()

    def test_expiry_in_json(self, assume, sts_of, clock):
        """Common errors of JSON services: ExpiredTokenException."""
        sqs = sts_of(assume(DurationSeconds=900)["Credentials"], service="sqs")
        clock.advance(901)
        with refused(("ExpiredToken", "ExpiredTokenException")):
            sqs.list_queues()

    def test_wrong_secret(self, assume, sts_of):
        """Common errors, SignatureDoesNotMatch: keys that were issued are verified."""
        session = sts_of(assume()["Credentials"], secret="wrong")
        with refused("SignatureDoesNotMatch", starts=CHANGED_SIGNATURE, status=403):
            session.get_caller_identity()

    @pytest.mark.parametrize("token", ["wrong", None])
    def test_wrong_token(self, assume, sts_of, token):
        """Common errors, InvalidClientTokenId: a temporary key is valid only with its own session token."""
        session = sts_of(assume()["Credentials"], token=token)
        with refused("InvalidClientTokenId", "The security token included in the request is invalid.", status=403):
            session.get_caller_identity()

    def test_token_of_another_session(self, assume, sts_of):
        """A token belongs to its key."""
        other = assume()["Credentials"]["SessionToken"]
        session = sts_of(assume()["Credentials"], token=other)
        with refused("InvalidClientTokenId", status=403):
            session.get_caller_identity()

    def test_key_that_was_never_issued(self, sts_of):
        """kumoi accepts any credentials by default: a key that it did not issue, of whatever form, acts as the default account's root."""
        never = {"AccessKeyId": "ASIAQQQQQQQQQQQQQQQQ", "SecretAccessKey": "x" * 40, "SessionToken": "x"}
        assert sts_of(never).get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:root"

    def test_body_that_was_changed(self, assume, sts_of):
        """Signature Version 4: the signature covers the body."""
        session = sts_of(assume()["Credentials"])

        def change(request, **_):
            request.body = request.body.replace("GetCallerIdentity", "GetSessionToken&a")

        session.meta.events.register("before-send.sts.*", change)
        with refused(("SignatureDoesNotMatch", "InvalidSignatureException", "XAmzContentSHA256Mismatch")):
            session.get_caller_identity()

    def test_sessions_belong_to_their_world(self, admin, assume, sts_of, clients, world):
        """A fork has the sessions of the world that it was made from; another world does not know them."""
        session = sts_of(assume()["Credentials"])
        admin.fork(f"{world}-fork", world)
        try:
            clients.world = f"{world}-fork"
            assert session.get_caller_identity()["Account"] == "111122223333"
            clients.world = "default"
            assert session.get_caller_identity()["Account"] == "000000000000"
        finally:
            clients.world = world
            admin.drop(f"{world}-fork")


class TestSessionToken:
    """GetSessionToken, called by an account's root."""

    def test_default_duration(self, sts, clock):
        """Credentials based on account credentials last one hour by default."""
        assert lifetime(sts.get_session_token(), clock) == HOUR

    def test_root_is_limited_to_an_hour(self, sts, clock):
        """If the duration is longer than one hour, the session for account owners defaults to one hour."""
        assert lifetime(sts.get_session_token(DurationSeconds=7200), clock) == HOUR
        assert lifetime(sts.get_session_token(DurationSeconds=900), clock) == 900

    @pytest.mark.parametrize("seconds", [899, 129601])
    def test_out_of_range(self, sts, seconds):
        """DurationSeconds: 900 to 129,600."""
        with refused("ValidationError", starts=f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "):
            sts.get_session_token(DurationSeconds=seconds)

    def test_not_with_session_credentials(self, sts, sts_of, assume):
        """AssumeRole and GetSessionToken: their credentials cannot call GetSessionToken or GetFederationToken."""
        for credentials in (assume()["Credentials"], sts.get_session_token()["Credentials"]):
            session = sts_of(credentials)
            with refused("AccessDenied", status=403):
                session.get_session_token()
            with refused("AccessDenied", status=403):
                session.get_federation_token(Name="Bob")


class TestFederationToken:
    """GetFederationToken."""

    def test_answer(self, sts, clock):
        answer = sts.get_federation_token(Name="Bob", Policy=POLICY, DurationSeconds=900)
        assert answer["FederatedUser"] == {"FederatedUserId": "000000000000:Bob", "Arn": "arn:aws:sts::000000000000:federated-user/Bob"}
        assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
        assert lifetime(answer, clock) == 900

    def test_root_is_limited_to_an_hour(self, sts, clock):
        """If the duration is longer than one hour, the session obtained by using root credentials defaults to one hour."""
        assert lifetime(sts.get_federation_token(Name="Bob"), clock) == HOUR
        assert lifetime(sts.get_federation_token(Name="Bob", DurationSeconds=129600), clock) == HOUR

    @pytest.mark.parametrize("name", ["x", "x" * 33, "with space"])
    def test_name(self, sts, name):
        """Name: 2 to 32 characters of [\\w+=,.@-]."""
        with refused("ValidationError", starts=f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "):
            sts.get_federation_token(Name=name)


def test_expiration_is_in_virtual_time(sts, clock):
    """Credentials issued after the clock has moved expire in that time."""
    clock.advance(30 * 86400)
    expires = sts.get_session_token()["Credentials"]["Expiration"]
    assert expires > datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=29)

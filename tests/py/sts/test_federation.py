"""Roles for identities from elsewhere, and the other token operations. API Reference: AssumeRoleWithSAML, AssumeRoleWithWebIdentity,
AssumeRoot, GetDelegatedAccessToken, GetWebIdentityToken."""

import base64
import json

import pytest

from harness.refusal import refused

ROLE = "arn:aws:iam::111122223333:role/federated"


def encoded(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def token(**claims):
    return ".".join((encoded({"alg": "RS256", "typ": "JWT", "kid": "k"}), encoded(claims), encoded({"signature": 0})))


class TestWebIdentity:
    """AssumeRoleWithWebIdentity: no AWS credentials are needed; the token says who calls."""

    def assume(self, sts, **parameters):
        return sts.assume_role_with_web_identity(**{"RoleArn": ROLE, "RoleSessionName": "app", "WebIdentityToken": "x", **parameters})

    def test_nonsense(self, sts):
        """InvalidIdentityToken: the token could not be validated."""
        with refused(("InvalidIdentityToken", "ValidationError")):
            self.assume(sts, WebIdentityToken="nonsense")

    def test_expired(self, sts, clock):
        """ExpiredTokenException: the web identity token that was passed is expired."""
        now = int(clock.now())
        past = token(iss="https://issuer.example.com", aud="app", sub="user", iat=now - 7200, exp=now - 3600)
        with refused(("ExpiredTokenException", "ExpiredToken", "InvalidIdentityToken")):
            self.assume(sts, WebIdentityToken=past)

    @pytest.mark.parametrize("name", ["x", "with space"])
    def test_validation(self, sts, name):
        """RoleSessionName: as for AssumeRole."""
        with refused("ValidationError"):
            self.assume(sts, RoleSessionName=name, WebIdentityToken=token(sub="user"))


class TestSaml:
    """AssumeRoleWithSAML."""

    def test_nonsense(self, sts):
        """InvalidIdentityToken: the assertion could not be validated."""
        with refused(("InvalidIdentityToken", "ValidationError")):
            sts.assume_role_with_saml(
                RoleArn=ROLE,
                PrincipalArn="arn:aws:iam::111122223333:saml-provider/provider",
                SAMLAssertion=base64.b64encode(b"nonsense").decode(),
            )

    def test_required(self, sts):
        with refused("ValidationError", starts="3 validation errors detected: "):
            sts.assume_role_with_saml()


class TestAssumeRoot:
    """AssumeRoot: a privileged session of a member account, limited by a task policy, of 900 seconds at most."""

    POLICY = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}

    def test_session(self, sts, sts_of):
        credentials = sts.assume_root(TargetPrincipal="111122223333", TaskPolicyArn=self.POLICY)["Credentials"]
        assert sts_of(credentials).get_caller_identity()["Account"] == "111122223333"

    def test_duration(self, sts):
        """DurationSeconds: up to 900."""
        with refused("ValidationError"):
            sts.assume_root(TargetPrincipal="111122223333", TaskPolicyArn=self.POLICY, DurationSeconds=901)

    def test_task_policy(self, sts):
        """TaskPolicyArn: one of the root-task policies."""
        with refused(("ValidationError", "AccessDenied")):
            sts.assume_root(TargetPrincipal="111122223333", TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/AdministratorAccess"})


def test_delegated_access_token_of_nobody(sts):
    """GetDelegatedAccessToken: a trade-in token that AWS did not give is refused."""
    with refused(("ExpiredTradeInTokenException", "ValidationError", "InvalidTradeInToken", "AccessDenied")):
        sts.get_delegated_access_token(TradeInToken="nonsense")


class TestWebIdentityToken:
    """GetWebIdentityToken: a signed JWT for the caller, once outbound federation is enabled (by IAM, a later service)."""

    def test_disabled_or_signed(self, sts):
        """OutboundWebIdentityFederationDisabledException until the account enables the feature."""
        with refused("OutboundWebIdentityFederationDisabledException", status=403):
            sts.get_web_identity_token(Audience=["https://example.com"], SigningAlgorithm="RS256")

    @pytest.mark.parametrize("parameters", [{"Audience": []}, {"DurationSeconds": 59}, {"DurationSeconds": 3601}, {"SigningAlgorithm": "HS256x"}])
    def test_validation(self, sts, parameters):
        """Audience 1 to 10, DurationSeconds 60 to 3600, SigningAlgorithm RS256 or ES384."""
        with refused("ValidationError"):
            sts.get_web_identity_token(**{"Audience": ["https://example.com"], "SigningAlgorithm": "RS256", **parameters})

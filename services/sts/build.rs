//! Generates the typed face of STS from its model.

fn main() {
    kumoi_codegen::Generator::new("sts")
        .all_operations()
        // Trust policies, MFA devices and session policies belong to IAM, which is not built yet.
        .ignores("AssumeRole", &["ExternalId", "SerialNumber", "TokenCode", "Policy", "PolicyArns", "ProvidedContexts"])
        // Of assertions and tokens the claims and dates are read; their signatures are not verified, as providers belong to IAM, too.
        .ignores("AssumeRoleWithSAML", &["Policy", "PolicyArns", "SAMLAssertion"])
        .ignores("AssumeRoleWithWebIdentity", &["Policy", "PolicyArns", "ProviderId", "WebIdentityToken"])
        .ignores("GetFederationToken", &["Policy", "PolicyArns"])
        .ignores("GetSessionToken", &["SerialNumber", "TokenCode"])
        .write();
}

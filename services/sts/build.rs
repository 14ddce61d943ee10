//! Generates the typed face of STS from its model.

fn main() {
    kumoi_codegen::Generator::new("sts")
        .all_operations()
        // Trust policies, MFA devices and session policies belong to IAM, which is not built yet.
        .ignores("AssumeRole", &["ExternalId", "SerialNumber", "TokenCode", "Policy", "PolicyArns", "ProvidedContexts"])
        .ignores("AssumeRoleWithSAML", &["Policy", "PolicyArns"])
        .ignores("AssumeRoleWithWebIdentity", &["Policy", "PolicyArns", "ProviderId"])
        .ignores("GetFederationToken", &["Policy", "PolicyArns"])
        .ignores("GetSessionToken", &["SerialNumber", "TokenCode"])
        .write();
}

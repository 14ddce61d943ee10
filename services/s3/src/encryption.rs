//! How objects are encrypted, as requests and answers tell it (User Guide, "Protecting data with server-side encryption").
//!
//! Bytes are kept as they are: what clients can observe of encryption is who must show which key, and that is checked.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply, Sent};
use kumoi_model::Operation;
use md5::{Digest as _, Md5};

use crate::errors::{access_denied, denied, invalid_argument, invalid_encryption_algorithm, invalid_request};
use crate::tables::{Encryption, Object};
use crate::{api, bucket, lock, versions};

/// Bytes of a key of AES-256.
const KEY: usize = 32;

/// A key of the client's own, as three headers bring it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CustomerKey<'a> {
    pub(crate) algorithm: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) md5: Option<&'a str>,
}

impl CustomerKey<'_> {
    /// The MD5 of the key, in base64; `None` when there is no key.
    pub(crate) fn read(&self) -> Result<Option<String>, Fault> {
        let missing = |what: &str| {
            invalid_argument(format!(
                "Requests specifying Server Side Encryption with Customer provided keys must provide {what}."
            ))
        };
        match (self.algorithm, self.key, self.md5) {
            (None, None, None) => return Ok(None),
            (None, ..) => return Err(missing("a valid encryption algorithm")),
            (Some(algorithm), ..) if algorithm != "AES256" => return Err(invalid_encryption_algorithm()),
            (_, None, _) => return Err(missing("an appropriate secret key")),
            (_, _, None) => return Err(missing("the client calculated MD5 of the secret key")),
            _ => {}
        }
        let key = self.key.and_then(|key| STANDARD.decode(key).ok()).filter(|key| key.len() == KEY);
        let key = key.ok_or_else(|| invalid_argument("The secret key was invalid for the specified algorithm."))?;
        let md5 = STANDARD.encode(Md5::digest(key));
        match self.md5 {
            Some(given) if given == md5 => Ok(Some(md5)),
            _ => Err(invalid_argument("The calculated MD5 hash of the key did not match the hash that was provided.")),
        }
    }

    /// Whether a request brings any of it.
    pub(crate) fn is_given(&self) -> bool {
        self.algorithm.is_some() || self.key.is_some() || self.md5.is_some()
    }

    /// Checks the key of a request for an object's bytes or metadata.
    pub(crate) fn check(&self, object: &Object) -> Result<(), Fault> {
        self.check_against(&object.attributes.encryption)
    }

    /// Checks the key of a request that adds a part to an upload.
    pub(crate) fn check_part(&self, encryption: &Encryption) -> Result<(), Fault> {
        match (self.read()?, encryption) {
            (Some(given), Encryption::Customer(md5)) if given == *md5 => Ok(()),
            (None, Encryption::Customer(_)) => Err(invalid_request(
                "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
            )),
            (Some(_), _) => {
                Err(invalid_request("The provided encryption parameters did not match the ones used originally."))
            }
            (None, _) => Ok(()),
        }
    }

    fn check_against(&self, encryption: &Encryption) -> Result<(), Fault> {
        match (self.read()?, encryption) {
            (Some(given), Encryption::Customer(md5)) => {
                verify_slices_are_equal(given.as_bytes(), md5.as_bytes()).map_err(|_| access_denied())
            }
            (None, Encryption::Customer(_)) => Err(invalid_request(
                "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
            )),
            (Some(_), _) => Err(invalid_request("The encryption parameters are not applicable to this object.")),
            (None, _) => Ok(()),
        }
    }
}

/// Refuses readers who say how an object is encrypted: that is for writers to say (API Reference, `GetObject`).
pub(crate) fn check_reader(operation: &Operation, sent: Sent<'_>) -> Result<(), Fault> {
    const HEADER: &str = "x-amz-server-side-encryption";
    match (sent.header)(HEADER) {
        Some(value) if matches!(operation.name.as_str(), "GetObject" | "HeadObject") => {
            let fault = invalid_argument(format!("{HEADER} header is not supported for this operation."));
            Err(fault.with_detail("ArgumentName", HEADER).with_detail("ArgumentValue", value))
        }
        _ => Ok(()),
    }
}

/// What a request says of the encryption of what it writes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) method: Option<&'a str>,
    pub(crate) kms_key: Option<&'a str>,
    pub(crate) context: Option<&'a str>,
    pub(crate) bucket_key: Option<bool>,
    pub(crate) customer: CustomerKey<'a>,
}

impl Asked<'_> {
    /// The encryption that is asked for; `None` when the bucket decides.
    pub(crate) fn read(&self, cx: &Cx) -> Result<Option<Encryption>, Fault> {
        let customer = self.customer.read()?;
        if let Some(md5) = customer {
            if self.method.is_some() {
                return Err(invalid_argument(
                    "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
                ));
            }
            return Ok(Some(Encryption::Customer(md5)));
        }
        let kms = self.kms_key.is_some() || self.context.is_some();
        match self.method {
            Some(method @ ("aws:kms" | "aws:kms:dsse")) => Ok(Some(Encryption::Kms {
                dual: method == "aws:kms:dsse",
                key: kms_key(cx, self.kms_key)?,
                bucket_key: self.bucket_key == Some(true),
                context: self.context.map(str::to_owned),
            })),
            _ if kms => Err(invalid_argument(
                "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
            )),
            Some("AES256") => Ok(Some(Encryption::S3)),
            Some(_) => Err(invalid_argument("The encryption method specified is not supported")),
            None => Ok(None),
        }
    }
}

/// A key of KMS, as it was named; by default that of S3's in the account. Its ARN would be for KMS to tell.
pub(crate) fn kms_key(cx: &Cx, named: Option<&str>) -> Result<String, Fault> {
    match named {
        None => Ok(cx.arn("kms", "alias/aws/s3")),
        Some("") => Err(invalid_argument("The KMS key id must not be empty.")),
        Some(named) => Ok(named.to_owned()),
    }
}

/// Changes how an object is encrypted (User Guide, "Updating server-side encryption for existing data"). Nothing else of it changes.
pub(crate) async fn update(
    cx: &Cx,
    input: api::UpdateObjectEncryptionInput,
) -> Reply<api::UpdateObjectEncryptionOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    check_signature(cx)?;
    let api::ObjectEncryption::SSEKMS(asked) = input.object_encryption;
    let account = account_of_key(&asked.kms_key_arn).ok_or_else(|| {
        invalid_request(
            "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). \
             Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.",
        )
    })?;
    if account != bucket.account {
        return Err(denied(
            "The AWS KMS key in the request must be owned by the same account as the bucket. \
             Modify the request to specify a KMS key from the same account, and then try again.",
        )
        .into());
    }
    let (mut object, place) = versions::located(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    if matches!(object.attributes.encryption, Encryption::Customer(_) | Encryption::Kms { dual: true, .. }) {
        return Err(invalid_request(
            "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. \
             Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
        )
        .into());
    }
    // Who may ignore governance must end it first.
    lock::check_delete(cx, &object, false).map_err(|_| {
        denied(
            "The encryption type for the specified object can\u{2019}t be updated because that object is protected by S3 Object Lock. \
             If the object has a governance-mode retention period or a legal hold, you must first remove the Object Lock status on the object \
             before you issue your UpdateObjectEncryption request. You can't use the UpdateObjectEncryption operation with objects that have \
             an Object Lock compliance mode retention period applied to them.",
        )
    })?;
    let bucket_key = asked.bucket_key_enabled == Some(true);
    object.attributes.encryption = Encryption::Kms { dual: false, key: asked.kms_key_arn, bucket_key, context: None };
    versions::update(cx, &bucket, &input.key, object, place).await?;
    Ok(api::UpdateObjectEncryptionOutput::default())
}

/// Refuses who signs otherwise than by version 4, or not at all. Calls from other services have no signature.
fn check_signature(cx: &Cx) -> Result<(), Fault> {
    let Some(client) = &cx.call_info().client else { return Ok(()) };
    match client.signature {
        Some(signature) if signature.algorithm.starts_with("AWS4-") => Ok(()),
        _ => Err(invalid_request(
            "Requests that modify an object encryption configuration require AWS Signature Version 4. \
             Modify the request to use AWS Signature Version 4, and then try again.",
        )),
    }
}

/// The account of a key of KMS; `None` if the ARN is not one of a key.
fn account_of_key(arn: &str) -> Option<&str> {
    let Arn { service, region, account, resource, .. } = Arn::parse(arn)?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let valid = service == "kms" && plain(region) && digits && resource.strip_prefix("key/").is_some_and(plain);
    valid.then_some(account)
}

/// Tells in an answer with which key of AWS an object is encrypted.
macro_rules! tell_managed_encryption {
    ($output:ident, $encryption:expr) => {
        match $encryption {
            $crate::tables::Encryption::S3 => $output.server_side_encryption = Some("AES256".to_owned()),
            $crate::tables::Encryption::Kms { dual, key, bucket_key, .. } => {
                let method = if *dual { "aws:kms:dsse" } else { "aws:kms" };
                $output.server_side_encryption = Some(method.to_owned());
                $output.ssekms_key_id = Some(key.clone());
                $output.bucket_key_enabled = Some(true).filter(|_| *bucket_key);
            }
            $crate::tables::Encryption::Customer(_) => {}
        }
    };
}

/// Tells in an answer how an object is encrypted.
macro_rules! tell_encryption {
    ($output:ident, $encryption:expr) => {
        $crate::encryption::tell_managed_encryption!($output, $encryption);
        if let $crate::tables::Encryption::Customer(md5) = $encryption {
            $output.sse_customer_algorithm = Some("AES256".to_owned());
            $output.sse_customer_key_md5 = Some(md5.clone());
        }
    };
}

pub(crate) use {tell_encryption, tell_managed_encryption};

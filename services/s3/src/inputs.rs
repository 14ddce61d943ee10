//! What several operations read of their inputs, which have it in types of their own with the same members.

use kumoi_model::{Catalog, Value};

/// Parameters of URLs that stand for headers, as in URLs that were signed beforehand, and the members that they are.
const PARAMETERS: [(&str, &str); 2] =
    [("x-amz-request-payer=", "RequestPayer"), ("x-amz-object-annotation-directive=", "AnnotationDirective")];

/// Takes what the query says where there is no header.
pub(crate) fn adapt(operation: &str, query: &str, input: &mut Value) {
    for (parameter, member) in PARAMETERS {
        if let Some(text) = query.split('&').find_map(|pair| pair.strip_prefix(parameter)) {
            set(operation, true, member, text, input);
        }
    }
}

/// Sets a member of an operation's input, or else of its output, if it has that and not said it.
pub(crate) fn set(operation: &str, of_input: bool, member: &str, text: &str, value: &mut Value) {
    let index = Catalog::get().load("s3").and_then(|model| {
        let operation = model.operation(operation)?;
        let shape = if of_input { operation.input? } else { operation.output? };
        Some(model.structure(shape)?.member(member)?.0)
    });
    if let (Some(index), Value::Struct(members)) = (index, value)
        && members.get(index).is_none()
    {
        members.set(index, Value::String(text.to_owned()));
    }
}

/// The headers that an object is stored with.
macro_rules! headers {
    ($input:ident) => {
        $crate::tables::Headers {
            content_type: $input.content_type,
            cache_control: $input.cache_control,
            content_disposition: $input.content_disposition,
            content_encoding: $input.content_encoding.and_then(|encoding| $crate::put::stored_encoding(&encoding)),
            content_language: $input.content_language,
            expires: $input.expires.map(|moment| moment.micros().div_euclid(1_000_000)),
            website_redirect: $input.website_redirect_location,
            metadata: $crate::put::metadata($input.metadata.unwrap_or_default())?,
        }
    };
}

/// The checksums that a client gives.
macro_rules! checksums {
    ($input:ident) => {
        [
            ($crate::tables::Algorithm::Crc32, $input.checksum_crc32.as_deref()),
            ($crate::tables::Algorithm::Crc32c, $input.checksum_crc32_c.as_deref()),
            ($crate::tables::Algorithm::Crc64Nvme, $input.checksum_crc64_nvme.as_deref()),
            ($crate::tables::Algorithm::Sha1, $input.checksum_sha1.as_deref()),
            ($crate::tables::Algorithm::Sha256, $input.checksum_sha256.as_deref()),
            ($crate::tables::Algorithm::Sha512, $input.checksum_sha512.as_deref()),
            ($crate::tables::Algorithm::Md5, $input.checksum_md5.as_deref()),
            ($crate::tables::Algorithm::XxHash64, $input.checksum_xxhash64.as_deref()),
            ($crate::tables::Algorithm::XxHash3, $input.checksum_xxhash3.as_deref()),
            ($crate::tables::Algorithm::XxHash128, $input.checksum_xxhash128.as_deref()),
        ]
    };
}

/// Tells a checksum in an answer.
macro_rules! tell_checksum {
    ($output:ident, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            let value = Some(checksum.value.clone());
            match checksum.algorithm {
                $crate::tables::Algorithm::Crc32 => $output.checksum_crc32 = value,
                $crate::tables::Algorithm::Crc32c => $output.checksum_crc32_c = value,
                $crate::tables::Algorithm::Crc64Nvme => $output.checksum_crc64_nvme = value,
                $crate::tables::Algorithm::Sha1 => $output.checksum_sha1 = value,
                $crate::tables::Algorithm::Sha256 => $output.checksum_sha256 = value,
                $crate::tables::Algorithm::Sha512 => $output.checksum_sha512 = value,
                $crate::tables::Algorithm::Md5 => $output.checksum_md5 = value,
                $crate::tables::Algorithm::XxHash64 => $output.checksum_xxhash64 = value,
                $crate::tables::Algorithm::XxHash3 => $output.checksum_xxhash3 = value,
                $crate::tables::Algorithm::XxHash128 => $output.checksum_xxhash128 = value,
            }
        }
    };
}

pub(crate) use {checksums, headers, tell_checksum};

//! The lists of objects that jobs are made for (S3 User Guide, "Creating an S3 Batch Operations job", "Specifying a manifest").

use std::io::Read as _;

use csv_core::{ReadRecordResult, Reader};
use flate2::read::MultiGzDecoder;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// The most bytes of a manifest or of one of its files, packed and unpacked. (Those of AWS may list billions of objects.)
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// Bytes and columns of a row: a key has at most 1024 bytes, which are three times as many encoded.
const MAX_ROW: usize = 16 << 10;
const MAX_COLUMNS: usize = 64;

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable(pub(crate) String);

impl Unusable {
    fn because(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

fn malformed() -> Unusable {
    Unusable::because("Manifest file is not properly formatted")
}

/// An object that a manifest lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version: Option<String>,
}

/// Where the columns are that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    count: usize,
    bucket: usize,
    key: usize,
    version: Option<usize>,
    /// Reports of buckets without versions leave the column empty.
    version_may_be_empty: bool,
}

impl Columns {
    /// Those of a manifest with these fields.
    pub(crate) fn of<'a>(fields: impl Iterator<Item = &'a str> + Clone, inventory: bool) -> Result<Self, Unusable> {
        let find = |name| fields.clone().position(|field| field == name);
        match (find("Bucket"), find("Key")) {
            (Some(bucket), Some(key)) => Ok(Self {
                count: fields.clone().count(),
                bucket,
                key,
                version: find("VersionId"),
                version_may_be_empty: inventory,
            }),
            (bucket, key) => {
                let missing = [("Bucket", bucket), ("Key", key)].map(|(name, found)| found.is_none().then_some(name));
                let missing: Vec<_> = missing.into_iter().flatten().collect();
                Err(Unusable(format!("Required fields are missing in the schema: {}", missing.join(", "))))
            }
        }
    }

    fn entry(&self, row: &Row<'_>) -> Result<Entry, Unusable> {
        if row.ends.len() != self.count {
            return Err(malformed());
        }
        let (bucket, key) = (row.field(self.bucket)?, row.field(self.key)?);
        let key = percent_decode_str(key).decode_utf8().ok().filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| Unusable::because("Invalid object key format"))?;
        let version = self.version.map(|column| row.field(column)).transpose()?;
        if version == Some("") && !self.version_may_be_empty {
            return Err(Unusable::because("Invalid version ID format"));
        }
        if bucket.is_empty() {
            return Err(malformed());
        }
        let version = version.filter(|version| !version.is_empty()).map(str::to_owned);
        Ok(Entry { bucket: bucket.to_owned(), key: key.into_owned(), version })
    }
}

struct Row<'a> {
    text: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Row<'a> {
    fn field(&self, column: usize) -> Result<&'a str, Unusable> {
        let start = column.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let bytes = start.zip(self.ends.get(column)).and_then(|(start, end)| self.text.get(start..*end));
        bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or_else(malformed)
    }
}

/// Reads at most `most` rows behind the first `skip` ones.
pub(crate) fn entries(csv: &[u8], columns: Columns, skip: u64, most: usize) -> Result<Vec<Entry>, Unusable> {
    let (mut reader, mut left) = (Reader::new(), csv);
    let (mut text, mut ends) = (vec![0; MAX_ROW], vec![0; MAX_COLUMNS]);
    let (mut found, mut seen) = (Vec::new(), 0_u64);
    while found.len() < most {
        let (mut written, mut columns_written) = (0, 0);
        loop {
            let into = text.get_mut(written..).unwrap_or_default();
            let ends_into = ends.get_mut(columns_written..).unwrap_or_default();
            let (result, read, wrote, ended) = reader.read_record(left, into, ends_into);
            left = left.get(read..).unwrap_or_default();
            (written, columns_written) = (written + wrote, columns_written + ended);
            match result {
                // The end of the text ends the last row, too.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return Err(malformed()),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(found),
            }
        }
        seen += 1;
        if seen > skip {
            let ends = ends.get(..columns_written).unwrap_or_default();
            found.push(columns.entry(&Row { text: &text, ends })?);
        }
    }
    Ok(found)
}

/// What `manifest.json` of an inventory report says (S3 User Guide, "Locating your inventory list").
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inventory {
    destination_bucket: String,
    file_format: String,
    file_schema: String,
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct File {
    key: String,
}

/// An inventory report.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) bucket: String,
    pub(crate) columns: Columns,
    pub(crate) files: Vec<String>,
}

/// Reads `manifest.json`.
pub(crate) fn inventory(json: &[u8]) -> Result<Report, Unusable> {
    let inventory: Inventory =
        serde_json::from_slice(json).map_err(|_| Unusable::because("Invalid Manifest Content"))?;
    if inventory.file_format != "CSV" {
        return Err(Unusable::because("Invalid Manifest Content"));
    }
    let columns = Columns::of(inventory.file_schema.split(',').map(str::trim), true)?;
    let bucket = crate::s3::bucket_of(&inventory.destination_bucket).unwrap_or(&inventory.destination_bucket);
    let files = inventory.files.into_iter().map(|file| file.key).collect();
    Ok(Report { bucket: bucket.to_owned(), columns, files })
}

/// Unpacks a file of an inventory report; what is not packed is left as it is.
pub(crate) fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, Unusable> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.to_vec());
    }
    let mut unpacked = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut unpacked).map_err(|_| malformed())?;
    if unpacked.len() > MAX_BYTES { Err(too_many()) } else { Ok(unpacked) }
}

/// A manifest that lists too much.
pub(crate) fn too_many() -> Unusable {
    Unusable::because(
        "The S3 Batch Operations job failed because it contains more keys than the maximum allowed in a single job",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn columns(fields: &[&str]) -> Columns {
        Columns::of(fields.iter().copied(), false).unwrap()
    }

    fn keys(csv: &str, skip: u64, most: usize) -> Vec<String> {
        let found = entries(csv.as_bytes(), columns(&["Bucket", "Key"]), skip, most).unwrap();
        found.into_iter().map(|entry| entry.key).collect()
    }

    #[test]
    fn keys_are_decoded_and_rows_counted() {
        let csv = "b,one\nb,two%20words\r\n\"b\",\"a,b\"\nb,caf%C3%A9";
        assert_eq!(keys(csv, 0, 10), ["one", "two words", "a,b", "café"]);
        assert_eq!(keys(csv, 1, 2), ["two words", "a,b"]);
        assert_eq!(keys(csv, 4, 2), Vec::<String>::new());
        assert_eq!(keys("", 0, 10), Vec::<String>::new());
    }

    #[test]
    fn columns_stand_where_the_fields_say() {
        let columns = columns(&["Ignore", "Key", "VersionId", "Bucket"]);
        let found = entries(b"x,key,v1,orders\n", columns, 0, 10).unwrap();
        assert_eq!(found, [Entry { bucket: "orders".into(), key: "key".into(), version: Some("v1".into()) }]);
    }

    #[test]
    fn what_cannot_be_used() {
        let missing = Columns::of(["Bucket"].into_iter(), false).unwrap_err();
        assert_eq!(missing.0, "Required fields are missing in the schema: Key");
        let two = columns(&["Bucket", "Key"]);
        let three = columns(&["Bucket", "Key", "VersionId"]);
        let reason = |csv: &[u8], columns| entries(csv, columns, 0, 10).unwrap_err().0;
        assert_eq!(reason(b"b,k,v\n", two), "Manifest file is not properly formatted");
        assert_eq!(reason(b",k\n", two), "Manifest file is not properly formatted");
        assert_eq!(reason(b"b,%FF\n", two), "Invalid object key format");
        assert_eq!(reason(b"b,k,\n", three), "Invalid version ID format");
        let long = format!("b,{}\n", "k".repeat(MAX_ROW));
        assert_eq!(reason(long.as_bytes(), two), "Manifest file is not properly formatted");
        assert_eq!(inventory(b"{}").unwrap_err().0, "Invalid Manifest Content");
    }

    #[test]
    fn an_inventory_report_tells_its_files() {
        let json =
            br#"{"sourceBucket":"s","destinationBucket":"arn:aws:s3:::d","version":"2016-11-30","fileFormat":"CSV",
            "fileSchema":"Bucket, Key, VersionId, Size","files":[{"key":"a.csv.gz","size":1,"MD5checksum":"0"}]}"#;
        let report = inventory(json).unwrap();
        assert_eq!((report.bucket.as_str(), report.files), ("d", vec!["a.csv.gz".to_owned()]));
        let found = entries(b"\"s\",\"k\",\"\",\"1\"\n", report.columns, 0, 10).unwrap();
        assert_eq!(found, [Entry { bucket: "s".into(), key: "k".into(), version: None }]);
    }

    #[test]
    fn files_are_unpacked() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"b,k\n").unwrap();
        assert_eq!(unpacked(&packed.finish().unwrap()).unwrap(), b"b,k\n");
        assert_eq!(unpacked(b"b,k\n").unwrap(), b"b,k\n");
        assert_eq!(unpacked(&[0x1f, 0x8b, 0]), Err(malformed()));
    }
}

//! The steps of an import: one part of one object each.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::Item;

use crate::api::{CsvOptions, ImportTableDescription};
use crate::import::records::{Records, Rows, lines};
use crate::import::source::{Part, Source};
use crate::import::{ImportRecord, KIND, Object, Work};
use crate::item::check_size;
use crate::owned;
use crate::table::{Located, Named, TableRecord};
use crate::tables::IMPORTS;
use crate::{key, restore, s3, write};

/// Bytes of an object, unpacked, that a step reads; more when no whole record is in them.
const PART: usize = 1 << 20;
const LONGEST: usize = 8 << 20;

/// Goes on with an import.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Some(key) = owned::key_of(payload) else { return Ok(()) };
    let Some(ImportRecord { mut description, work: Some(mut work) }) = cx.get(&IMPORTS, &key).await? else {
        return Ok(());
    };
    let found = Located::find(cx, Named::here(cx, &key.0)).await?.filter(|at| at.table.id == work.table);
    let Some(at) = found else { return Ok(()) };
    match step(cx, &at, &mut description, &mut work).await? {
        Ok(true) => {
            cx.put(&IMPORTS, &key, &ImportRecord { description, work: Some(work) }).await?;
            return owned::set_timer(cx, &key, KIND, cx.now().micros()).await;
        }
        Ok(false) if description.error_count.unwrap_or(0) > 0 => fail(
            &mut description,
            "ItemValidationError".to_owned(),
            "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details."
                .to_owned(),
        ),
        Ok(false) => description.import_status = Some("COMPLETED".to_owned()),
        Err(fault) => {
            let (code, message) = s3::failure(&fault);
            fail(&mut description, code, message);
        }
    }
    description.end_time = Some(cx.now());
    cx.put(&IMPORTS, &key, &ImportRecord { description, work: None }).await?;
    restore::complete(cx, &at.name, at.table.id).await
}

fn fail(description: &mut ImportTableDescription, code: String, message: String) {
    description.import_status = Some("FAILED".to_owned());
    description.failure_code = Some(code);
    description.failure_message = Some(message);
}

/// One step; whether there are more, or what S3 has against it.
async fn step(
    cx: &Cx,
    at: &Located,
    description: &mut ImportTableDescription,
    work: &mut Work,
) -> Reply<Result<bool, Fault>> {
    let (object, records) = {
        let source = source(description, work);
        let object = match work.object.clone() {
            Some(object) => Ok(Some(object)),
            None => source.next(cx, work.done.as_deref()).await,
        };
        let mut object = match object {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(Ok(false)),
            Err(fault) => return Ok(Err(fault)),
        };
        match read(cx, &source, &at.table, description, &mut object).await {
            Ok(records) => (object, records),
            Err(fault) => return Ok(Err(fault)),
        }
    };
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut errors = 0;
    for item in &records.items {
        let put = match item {
            Some(item) => put(cx, at, item).await?,
            None => false,
        };
        errors += i64::from(!put);
    }
    let add = |sum: &mut Option<i64>, number: i64| *sum = Some(sum.unwrap_or(0).saturating_add(number));
    let items = count(records.items.len());
    add(&mut description.processed_size_bytes, count(records.taken));
    add(&mut description.processed_item_count, items);
    add(&mut description.imported_item_count, items.saturating_sub(errors));
    add(&mut description.error_count, errors);
    if records.end {
        (work.object, work.done) = (None, Some(object.key));
    } else {
        work.object = Some(object);
    }
    Ok(Ok(true))
}

fn source<'a>(description: &'a ImportTableDescription, work: &'a Work) -> Source<'a> {
    let bucket = description.s3_bucket_source.as_ref();
    Source {
        principal: &work.principal,
        arn: description.import_arn.as_deref().unwrap_or_default(),
        bucket: bucket.map(|source| source.s3_bucket.as_str()).unwrap_or_default(),
        owner: bucket.and_then(|source| source.s3_bucket_owner.as_deref()),
        prefix: bucket.and_then(|source| source.s3_key_prefix.as_deref()),
        packed: description.input_compression_type.as_deref().unwrap_or_default(),
    }
}

/// What a step has read.
struct Step {
    items: Vec<Option<Item>>,
    taken: usize,
    /// Whether the object is read.
    end: bool,
}

/// Reads some of the records of an object. One that cannot be read any further is one error, and what is left of it is passed over.
async fn read(
    cx: &Cx,
    source: &Source<'_>,
    table: &TableRecord,
    description: &ImportTableDescription,
    object: &mut Object,
) -> Result<Step, Fault> {
    let mut limit = PART;
    loop {
        let Some(Part { bytes, last }) = source.read(cx, object, limit).await? else {
            return Ok(Step { items: vec![None], taken: 0, end: true });
        };
        let csv = description.input_format_options.as_ref().and_then(|options| options.csv.as_ref());
        let Records { items, taken } = match description.input_format.as_deref() {
            Some("CSV") => rows(table, csv, &bytes, last, object),
            _ => lines(&bytes, last),
        };
        if taken > 0 || last {
            object.offset = object.offset.saturating_add(taken as u64);
            // The rest of a last part may be blank.
            return Ok(Step { end: last && (items.is_empty() || taken == bytes.len()), items, taken });
        }
        if limit >= LONGEST {
            return Ok(Step { items: vec![None], taken: bytes.len(), end: true });
        }
        limit = LONGEST;
    }
}

fn rows(table: &TableRecord, csv: Option<&CsvOptions>, text: &[u8], last: bool, object: &mut Object) -> Records {
    let delimiter = csv.and_then(|csv| csv.delimiter.as_deref()).and_then(|delimiter| delimiter.bytes().next());
    if object.header.is_none() {
        object.header = csv.and_then(|csv| csv.header_list.clone());
    }
    Rows { table, delimiter: delimiter.unwrap_or(b',') }.read(text, last, &mut object.header)
}

/// Puts an item; false when it is not one that the table can have.
async fn put(cx: &Cx, at: &Located, item: &Item) -> Reply<bool> {
    let Ok(key) = key::of_item(&at.table.key, item) else { return Ok(false) };
    if check_size(item).is_err() || key::check_indexes(&at.table, item).is_err() {
        return Ok(false);
    }
    let old = write::read(cx, at, &key).await?;
    write::write(cx, at, &key, old.as_ref(), Some(item)).await?;
    Ok(true)
}

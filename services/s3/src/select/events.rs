//! The answer's events: records as they are found, a sign of life when there are none for long, statistics, and the end.

use bytes::Bytes;
use futures_util::StreamExt as _;
use kumoi_core::Fault;
use kumoi_model::{Catalog, Chunks, IntoValue as _, Operation, Protocol, Service};
use kumoi_select::{Run, State, Stats};
use kumoi_wire::eventstream::{Message, encode_error_message, encode_event};

use super::fault;
use crate::api::{self, SelectObjectContentEventStream as Event};

/// Records are sent when there are so many bytes of them.
const ENOUGH: usize = 64 << 10;
/// Something is sent when so many bytes were read, at the latest.
const SIGN_OF_LIFE: u64 = 8 << 20;

pub(super) struct Answer {
    /// `None` when the end is sent.
    run: Option<Run>,
    object: Chunks,
    records: Vec<u8>,
    progress: bool,
    /// How much was read when something was sent last.
    sent_at: u64,
    model: (&'static Service, &'static Operation),
}

impl Answer {
    pub(super) fn new(run: Run, object: Chunks, progress: bool) -> Result<Self, Fault> {
        let service = Catalog::get().load(api::MODEL).ok_or_else(Fault::internal)?;
        let operation = service.operation("SelectObjectContent").ok_or_else(Fault::internal)?;
        Ok(Self { run: Some(run), object, records: Vec::new(), progress, sent_at: 0, model: (service, operation) })
    }

    /// The bytes of the next events; `None` behind the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        while let Some(mut run) = self.run.take() {
            let mut records = std::mem::take(&mut self.records);
            let (run, records, state) = kumoi_core::compute(move || {
                let state = loop {
                    match run.work(&mut records) {
                        Ok(State::Working) if records.len() < ENOUGH => {}
                        other => break other,
                    }
                };
                (run, records, state)
            })
            .await?;
            let (run, found) = (self.run.insert(run), records.len());
            self.records = records;
            let read = run.stats();
            match state.map_err(fault)? {
                State::Done => {
                    self.run = None;
                    return self.end(read).map(Some);
                }
                State::Working => {}
                State::Hungry => match self.object.next().await {
                    Some(bytes) => run.push(bytes.map_err(|error| unreadable(error.as_ref()))?),
                    None => run.end(),
                },
            }
            if found >= ENOUGH || read.scanned - self.sent_at >= SIGN_OF_LIFE {
                self.sent_at = read.scanned;
                return self.some(read).map(Some);
            }
        }
        Ok(None)
    }

    /// The same, with an error as the last event.
    pub(super) async fn next_or_error(&mut self) -> Option<Bytes> {
        match self.next().await {
            Ok(next) => next,
            Err(fault) => {
                self.run = None;
                encode_error_message(fault.code(), fault.message()).ok()
            }
        }
    }

    fn some(&mut self, read: Stats) -> Result<Bytes, Fault> {
        let mut out = Vec::new();
        if self.records.is_empty() {
            self.write(Event::Cont(api::ContinuationEvent {}), &mut out)?;
        } else {
            self.write_records(&mut out)?;
        }
        self.write_progress(read, &mut out)?;
        Ok(out.into())
    }

    fn end(&mut self, read: Stats) -> Result<Bytes, Fault> {
        let mut out = Vec::new();
        if !self.records.is_empty() {
            self.write_records(&mut out)?;
        }
        self.write_progress(read, &mut out)?;
        let [scanned, processed, returned] = counts(read);
        let details = api::Stats { bytes_scanned: scanned, bytes_processed: processed, bytes_returned: returned };
        self.write(Event::Stats(api::StatsEvent { details: Some(details) }), &mut out)?;
        self.write(Event::End(api::EndEvent {}), &mut out)?;
        Ok(out.into())
    }

    fn write_records(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let payload = Some(std::mem::take(&mut self.records).into());
        self.write(Event::Records(api::RecordsEvent { payload }), out)
    }

    fn write_progress(&self, read: Stats, out: &mut Vec<u8>) -> Result<(), Fault> {
        if !self.progress {
            return Ok(());
        }
        let [scanned, processed, returned] = counts(read);
        let details = api::Progress { bytes_scanned: scanned, bytes_processed: processed, bytes_returned: returned };
        self.write(Event::Progress(api::ProgressEvent { details: Some(details) }), out)
    }

    fn write(&self, event: Event, out: &mut Vec<u8>) -> Result<(), Fault> {
        let (service, operation) = self.model;
        let message: Message =
            encode_event(service, Protocol::RestXml, operation, &event.into_value()).map_err(unwritable)?;
        message.encode(out).map_err(unwritable)
    }
}

fn counts(stats: Stats) -> [Option<i64>; 3] {
    [stats.scanned, stats.processed, stats.returned].map(|count| i64::try_from(count).ok())
}

fn unwritable(error: impl std::error::Error) -> Fault {
    failed("an event could not be written", &error)
}

pub(super) fn unreadable(error: &dyn std::error::Error) -> Fault {
    failed("an object could not be read", error)
}

fn failed(what: &str, error: &dyn std::error::Error) -> Fault {
    tracing::error!(%error, "{what}");
    Fault::internal()
}

//! `kumoi snapshot save` and `load`.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use http::Method;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::client::{Body, accepted, escaped, whole};
use super::output::progress;
use super::{Connection, Failure};

/// What to do with a snapshot.
#[derive(Args, Debug)]
pub(crate) struct SnapshotArguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Save a world, with its clock, to a file
    Save {
        /// The file; an existing one is replaced once the new one is whole
        file: PathBuf,
    },
    /// Put a saved world in the place of a world
    Load {
        /// The file
        file: PathBuf,
    },
}

/// Bytes of a file that are read at a time.
const PIECE: usize = 1 << 16;

/// Saves or loads.
pub(crate) async fn run(arguments: &SnapshotArguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Save { file } => save(&arguments.connection, file).await,
        Action::Load { file } => load(&arguments.connection, file).await,
    }
}

fn path(connection: &Connection) -> String {
    format!("/_kumoi/worlds/{}/snapshot", escaped(connection.world()))
}

async fn save(connection: &Connection, file: &Path) -> Result<(), Failure> {
    let answer = connection.client()?.send(Method::GET, &path(connection), whole("")).await?;
    let mut body = accepted(answer).await?.into_body();
    // A reader never sees half a snapshot under the name that it was given.
    let partial = file.with_added_extension("partial");
    let named = |error| cannot("write", &partial, &error);
    let mut out = tokio::fs::File::create(&partial).await.map_err(named)?;
    let bar = progress("saving", None);
    let mut bytes = 0_u64;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::other(format!("the snapshot broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        out.write_all(&data).await.map_err(named)?;
        bytes += data.len() as u64;
        bar.set_position(bytes);
    }
    out.sync_all().await.map_err(named)?;
    bar.finish_and_clear();
    tokio::fs::rename(&partial, file).await.map_err(|error| cannot("write", file, &error))?;
    let answer = json!({"world": connection.world(), "file": file, "bytes": bytes});
    connection
        .output()
        .show(&answer, |_| format!("world '{}' saved to {}, {bytes} bytes", connection.world(), file.display()))
}

async fn load(connection: &Connection, file: &Path) -> Result<(), Failure> {
    let input = tokio::fs::File::open(file).await.map_err(|error| cannot("read", file, &error))?;
    let length = input.metadata().await.map_err(|error| cannot("read", file, &error))?.len();
    let bar = progress("loading", Some(length));
    let answer = connection.client()?.send(Method::PUT, &path(connection), stream(input, bar.clone())).await;
    bar.finish_and_clear();
    accepted(answer?).await?;
    let answer = json!({"world": connection.world(), "file": file, "bytes": length});
    connection.output().show(&answer, |_| format!("world '{}' is now that of {}", connection.world(), file.display()))
}

/// A file as a body, piece by piece.
fn stream(file: tokio::fs::File, bar: ProgressBar) -> Body {
    let pieces = futures_util::stream::try_unfold((file, bar), |(mut file, bar)| async move {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        bar.inc(read as u64);
        Ok((read > 0).then(|| (Frame::data(Bytes::from(piece)), (file, bar))))
    });
    BodyExt::boxed(StreamBody::new(pieces))
}

fn cannot(what: &str, file: &Path, error: &std::io::Error) -> Failure {
    Failure::other(format!("cannot {what} {}: {error}", file.display()))
}

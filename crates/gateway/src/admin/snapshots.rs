//! Snapshots of a world as downloads and uploads. Both pass through a temporary file: a download so that a failure becomes a status
//! and not a cut-off body, an upload so that a slow client holds no world open.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek as _, Write as _};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use http::{HeaderValue, header};
use kumoi_model::StreamError;
use kumoi_store::{SaveStats, StoreError, WorldId};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Handle;

use super::{AdminError, Answer, ok, world};
use crate::body::{self, ReplyBody, RequestBody};
use crate::gateway::Gateway;

/// Bytes that are read from the file at a time.
const PIECE: usize = 64 << 10;

pub(super) async fn save(gateway: &Arc<Gateway>, name: &str) -> Answer {
    let (kernel, id) = (gateway.config.kernel.clone(), world(gateway, name)?.id.clone());
    let runtime = Handle::current();
    let (file, stats) = blocking(move || {
        let mut out = BufWriter::new(tempfile::tempfile()?);
        let stats = runtime.block_on(kernel.save(&id, &mut out))?;
        out.flush()?;
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok((file, stats))
    })
    .await?;
    let length = file.metadata()?.len();
    let chunks = futures_util::stream::try_unfold(tokio::fs::File::from_std(file), |mut file| async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await.map_err(StreamError::from)?;
        Ok::<_, StreamError>((read > 0).then(|| (piece.freeze(), file)))
    });
    let mut reply = http::Response::new(ReplyBody::Stream(Box::pin(chunks), Some(length)));
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert("x-kumoi-entries", HeaderValue::from(stats.entries));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.kumoi\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(reply)
}

pub(super) async fn load(gateway: &Arc<Gateway>, name: &str, body: &mut RequestBody) -> Answer {
    let id = WorldId::new(name)?;
    let limits = &gateway.config.limits;
    let chunks = body.stream(limits.snapshot, limits)?;
    let mut file = tokio::fs::File::from_std(blocking(|| Ok(tempfile::tempfile()?)).await?);
    let mut chunks = chunks.take().ok_or(body::BodyError::Broken)?;
    while let Some(chunk) = chunks.try_next().await.map_err(unreadable)? {
        let chunk: Bytes = chunk;
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    let mut file: File = file.into_std().await;
    let (kernel, runtime) = (gateway.config.kernel.clone(), Handle::current());
    let stats: SaveStats = blocking({
        let id = id.clone();
        move || {
            file.rewind()?;
            Ok(runtime.block_on(kernel.load(&id, &mut BufReader::new(file)))?)
        }
    })
    .await?;
    Ok(ok(&json!({ "world": id.as_str(), "entries": stats.entries, "bytes": stats.bytes })))
}

fn unreadable(error: StreamError) -> AdminError {
    match error.downcast::<body::BodyError>() {
        Ok(error) => (*error).into(),
        Err(error) => AdminError::invalid(error.to_string()),
    }
}

/// Runs work on files where it holds up no requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AdminError> + Send + 'static,
) -> Result<T, AdminError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Record(error.to_string()).into()),
    }
}

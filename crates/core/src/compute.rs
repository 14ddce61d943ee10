//! Work that computes for long: it is done in the pool for blocking work, so that a lane goes on serving its connections meanwhile.

use crate::Fault;

/// Does such work. A panic of its is this request's fault alone.
///
/// # Errors
/// The work panicked, or the server is about to end.
pub async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a computation did not come to its end");
        Fault::internal()
    })
}

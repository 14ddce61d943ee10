//! The one list of services. Adding a service is one line here.

use std::sync::Arc;

use kumoi_core::Service;

/// Every coded service.
pub(crate) fn all() -> Vec<Arc<dyn Service>> {
    vec![
        kumoi_dynamodb::service(),
        kumoi_dynamodb::streams(),
        kumoi_s3::service(),
        kumoi_s3control::service(),
        kumoi_sqs::service(),
        kumoi_sts::service(),
    ]
}

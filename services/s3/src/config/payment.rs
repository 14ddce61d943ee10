//! Who pays for requests, and whether transfers are accelerated.

use kumoi_core::{Cx, Reply};

use crate::api;
use crate::errors::{invalid_request, malformed_xml};

pub(crate) async fn put_payment(
    cx: &Cx,
    input: api::PutBucketRequestPaymentInput,
) -> Reply<api::PutBucketRequestPaymentOutput> {
    let bucket = super::find(cx, &input).await?;
    super::put(cx, &input, bucket, input.request_payment_configuration.clone()).await
}

pub(crate) async fn get_payment(
    cx: &Cx,
    input: api::GetBucketRequestPaymentInput,
) -> Reply<api::GetBucketRequestPaymentOutput> {
    let payment: Option<api::RequestPaymentConfiguration> = super::look(cx, &input).await?;
    let payer = payment.map_or_else(|| "BucketOwner".to_owned(), |payment| payment.payer);
    Ok(api::GetBucketRequestPaymentOutput { payer: Some(payer) })
}

pub(crate) async fn put_acceleration(
    cx: &Cx,
    input: api::PutBucketAccelerateConfigurationInput,
) -> Reply<api::PutBucketAccelerateConfigurationOutput> {
    let bucket = super::find(cx, &input).await?;
    if input.accelerate_configuration.status.is_none() {
        return Err(malformed_xml().into());
    }
    // The certificate of its endpoint covers one label (User Guide, "Configuring fast, secure file transfers using Amazon S3 Transfer Acceleration").
    if input.bucket.contains('.') {
        let message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
        return Err(invalid_request(message).into());
    }
    super::put(cx, &input, bucket, input.accelerate_configuration.clone()).await
}

pub(crate) async fn get_acceleration(
    cx: &Cx,
    input: api::GetBucketAccelerateConfigurationInput,
) -> Reply<api::GetBucketAccelerateConfigurationOutput> {
    let acceleration: Option<api::AccelerateConfiguration> = super::look(cx, &input).await?;
    let status = acceleration.and_then(|acceleration| acceleration.status);
    Ok(api::GetBucketAccelerateConfigurationOutput { status, request_charged: None })
}

//! S3, with the integrity that the SDK has by default: a checksum with every upload, compared with every download.

use std::io::Write as _;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, Region, retry::RetryConfig};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier,
};

use crate::{Outcome, Server};

const BUCKET: &str = "of-rust";
const PART: usize = 5 << 20;

fn client(server: &Server) -> Client {
    let settings = aws_sdk_s3::Config::builder()
        .behavior_version_latest()
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(&server.endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .force_path_style(true)
        .retry_config(RetryConfig::disabled());
    Client::from_conf(settings.build())
}

async fn ready() -> (Server, Client) {
    let server = Server::start();
    let client = client(&server);
    client.create_bucket().bucket(BUCKET).send().await.unwrap();
    (server, client)
}

/// Bytes that repeat nowhere soon.
fn bytes(size: usize) -> Vec<u8> {
    (0_u64..).flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).take(size).collect()
}

#[tokio::test]
async fn bytes_that_are_in_memory() -> Outcome {
    let (_server, client) = ready().await;
    let body = bytes(100_000);
    let sent = client
        .put_object()
        .bucket(BUCKET)
        .key("a key/ü")
        .metadata("made", "here")
        .body(body.clone().into())
        .send()
        .await?;
    assert!(sent.checksum_crc32().is_some(), "the SDK sends a CRC-32 of its own accord");
    let answer = client.get_object().bucket(BUCKET).key("a key/ü").checksum_mode(ChecksumMode::Enabled).send().await?;
    assert_eq!(answer.checksum_crc32(), sent.checksum_crc32());
    assert_eq!(answer.metadata().and_then(|all| all.get("made")).map(String::as_str), Some("here"));
    assert!(answer.body.collect().await?.into_bytes() == body);
    for algorithm in
        [ChecksumAlgorithm::Crc32C, ChecksumAlgorithm::Crc64Nvme, ChecksumAlgorithm::Sha1, ChecksumAlgorithm::Sha256]
    {
        let put = client.put_object().bucket(BUCKET).key("checked").checksum_algorithm(algorithm.clone());
        put.body(ByteStream::from_static(b"text")).send().await?;
        let get = client.get_object().bucket(BUCKET).key("checked").checksum_mode(ChecksumMode::Enabled);
        assert_eq!(&get.send().await?.body.collect().await?.into_bytes()[..], b"text", "{algorithm}");
    }
    Ok(())
}

/// A file goes in chunks, with its checksum behind them.
#[tokio::test]
async fn a_file_in_and_a_stream_out() -> Outcome {
    let (_server, client) = ready().await;
    let (body, mut file) = (bytes(3 << 20), tempfile::NamedTempFile::new()?);
    file.write_all(&body)?;
    let stream = ByteStream::from_path(file.path()).await?;
    client.put_object().bucket(BUCKET).key("file").body(stream).send().await?;
    let mut answer = client.get_object().bucket(BUCKET).key("file").send().await?;
    let mut received = Vec::new();
    while let Some(piece) = answer.body.try_next().await? {
        received.extend_from_slice(&piece);
    }
    assert!(received == body);
    let part = client.get_object().bucket(BUCKET).key("file").range("bytes=1000-1999").send().await?;
    assert_eq!(part.content_range(), Some("bytes 1000-1999/3145728"));
    assert!(part.body.collect().await?.into_bytes() == body[1000..2000]);
    Ok(())
}

#[tokio::test]
async fn an_upload_in_parts() -> Outcome {
    let (_server, client) = ready().await;
    let body = bytes(2 * PART + 17);
    let begun =
        client.create_multipart_upload().bucket(BUCKET).key("parts").checksum_algorithm(ChecksumAlgorithm::Crc32);
    let id = begun.send().await?.upload_id.unwrap();
    let uploads = body.chunks(PART).zip(1..).map(|(part, number)| {
        let upload = client.upload_part().bucket(BUCKET).key("parts").upload_id(&id).part_number(number);
        let upload = upload.checksum_algorithm(ChecksumAlgorithm::Crc32).body(part.to_vec().into()).send();
        async move { upload.await.map(|done| (number, done)) }
    });
    let mut parts = Vec::new();
    for upload in uploads.map(|upload| tokio::spawn(upload)).collect::<Vec<_>>() {
        let (number, done) = upload.await??;
        parts.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(done.e_tag)
                .set_checksum_crc32(done.checksum_crc32)
                .build(),
        );
    }
    let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let done = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("parts")
        .upload_id(&id)
        .multipart_upload(all)
        .send()
        .await?;
    assert!(done.e_tag().is_some_and(|tag| tag.ends_with("-3\"")));
    let answer = client.get_object().bucket(BUCKET).key("parts").checksum_mode(ChecksumMode::Enabled).send().await?;
    assert!(answer.body.collect().await?.into_bytes() == body);
    Ok(())
}

#[tokio::test]
async fn pages_and_errors_and_links() -> Outcome {
    let (server, client) = ready().await;
    let keys: Vec<String> = (0..25).map(|number| format!("page/{number:02} &+")).collect();
    for key in &keys {
        client.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(b"x")).send().await?;
    }
    let mut pages = client.list_objects_v2().bucket(BUCKET).prefix("page/").into_paginator().page_size(10).send();
    let (mut seen, mut count) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        count += 1;
        seen.extend(page?.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
    }
    assert_eq!((count, &seen), (3, &keys));
    let named = |key: &String| ObjectIdentifier::builder().key(key).build();
    let all = Delete::builder().set_objects(Some(keys.iter().map(named).collect::<Result<_, _>>()?)).build()?;
    let deleted = client.delete_objects().bucket(BUCKET).delete(all).send().await?;
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (25, 0));

    let missing = client.get_object().bucket(BUCKET).key("missing").send().await.unwrap_err().into_service_error();
    assert!(missing.is_no_such_key());
    let missing = client.get_object().bucket("nowhere-at-all").key("x").send().await.unwrap_err().into_service_error();
    assert_eq!(missing.code(), Some("NoSuchBucket"));

    client.put_object().bucket(BUCKET).key("link").body(ByteStream::from_static(b"for all")).send().await?;
    let link = client.get_object().bucket(BUCKET).key("link");
    let link = link.presigned(PresigningConfig::expires_in(Duration::from_secs(60))?).await?;
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        link.uri().trim_start_matches(&server.endpoint),
        server.endpoint.trim_start_matches("http://")
    );
    let mut stream = std::net::TcpStream::connect(server.endpoint.trim_start_matches("http://"))?;
    stream.write_all(request.as_bytes())?;
    let answer = std::io::read_to_string(stream)?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("for all"), "{answer}");
    Ok(())
}

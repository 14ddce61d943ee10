//! A server as a process: started, watched, ended.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Failure;

/// A running server; it is killed when this is dropped.
pub struct Server {
    child: Child,
    /// `HOST:PORT`.
    pub authority: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts kumoi on a free port, with memory as its store.
    pub fn kumoi(binary: &Path) -> Result<Self, Failure> {
        Self::start(kumoi_command(binary, "127.0.0.1:0"))
    }

    /// Starts a program that prints `http://HOST:PORT` and then `Ready.`.
    ///
    /// Waits for the latter.
    pub fn start(mut command: Command) -> Result<Self, Failure> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        let mut authority = None;
        for line in lines.by_ref() {
            let line = line?;
            if line.trim() == "Ready." {
                break;
            }
            let address = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
            authority = authority.or_else(|| address.map(|address| address.trim_end_matches(['/', ',']).to_owned()));
        }
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let authority = authority.ok_or("a server did not say where it listens")?;
        Ok(Self { child, authority })
    }

    /// Whether it still runs.
    pub fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it with SIGKILL: it has no chance to write anything more.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Processor time used so far, in user and kernel together.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // After the name, which ends with the last parenthesis: field 14 and 15 of proc(5) are the 12th and 13th.
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        // 100 ticks a second on every Linux that Rust supports (USER_HZ).
        Duration::from_millis(ticks * 10)
    }

    /// Memory that is resident now, in KiB.
    pub fn resident(&self) -> u64 {
        resident_of(self.child.id())
    }
}

/// Memory of a process that is resident now, in KiB; 0 when there is no such process.
pub fn resident_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// How many blobs lie in a data directory, whole and unfinished.
pub fn blob_files(data: &Path) -> Result<(usize, usize), Failure> {
    let (mut whole, mut unfinished) = (0, 0);
    let blobs = data.join("blobs");
    let folders = match std::fs::read_dir(&blobs) {
        Ok(folders) => folders,
        // It is made with the first.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(error.into()),
    };
    for folder in folders {
        let folder = folder?;
        let files = std::fs::read_dir(folder.path())?.count();
        *if folder.file_name() == "new" { &mut unfinished } else { &mut whole } += files;
    }
    Ok((whole, unfinished))
}

/// The binary under test: `KUMOI_BIN`, or that of the build that this program belongs to.
pub fn binary() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os("KUMOI_BIN") {
        return Ok(named.into());
    }
    let here = std::env::current_exe()?;
    let file = format!("kumoi{}", std::env::consts::EXE_SUFFIX);
    // Tests lie one folder below programs.
    let found = here.ancestors().skip(1).take(2).map(|folder| folder.join(&file)).find(|path| path.is_file());
    found.ok_or_else(|| {
        format!("there is no {file} beside {}; build it, or name it in KUMOI_BIN", here.display()).into()
    })
}

/// kumoi, free of settings that the environment may hold.
pub fn kumoi_command(binary: &Path, listen: &str) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("KUMOI_") || name.starts_with("LOCALSTACK_")) {
            command.env_remove(name);
        }
    }
    command.args(["start", "--listen", listen]);
    command
}

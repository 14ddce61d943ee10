//! Why a command failed, and the exit code that tells it to scripts.

use std::fmt;
use std::process::ExitCode;

/// Why a command failed. The message tells what to do next.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or a setting makes no sense: exit code 2, as for errors that the parser finds.
    Usage(String),
    /// No kumoi answers at the endpoint: exit code 3.
    Unreachable(String),
    /// Anything else: exit code 1.
    Other(String),
    /// A program that kumoi ran ended with this code, having said why itself.
    Passed(u8),
    /// Nobody reads the output any more (`kumoi requests | head`): not a failure.
    Silent,
}

impl Failure {
    /// Anything that has no code of its own.
    pub(crate) fn other(reason: impl fmt::Display) -> Self {
        Self::Other(reason.to_string())
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Silent => 0,
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
            Self::Passed(code) => *code,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(reason) | Self::Unreachable(reason) | Self::Other(reason) => f.write_str(reason),
            Self::Passed(code) => write!(f, "exit code {code}"),
            Self::Silent => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

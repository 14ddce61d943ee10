//! `kumoi env`: the variables that aim AWS tools at kumoi.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use super::output::line;
use super::{Connection, Failure, Output};

/// What to print, and for which shell.
#[derive(Args, Debug)]
pub(crate) struct EnvArguments {
    /// Account to act in: 12 digits
    #[arg(long, value_name = "ID", env = "KUMOI_ACCOUNT", default_value = "000000000000", hide_env_values = true)]
    account: String,
    /// Region to act in
    #[arg(long, value_name = "REGION", env = "KUMOI_REGION", default_value = "us-east-1", hide_env_values = true)]
    region: String,
    /// The shell that reads the output
    #[arg(long, value_name = "SHELL", default_value = "sh")]
    shell: Shell,
    #[command(flatten)]
    connection: Connection,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Shell {
    /// sh, bash, zsh and others of their kind
    Sh,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
    /// A file of NAME=VALUE lines
    Dotenv,
}

/// The variables. The access key names the account and, behind `@`, the world; the secret is free, for it is not checked.
pub(crate) fn aiming(endpoint: &str, account: &str, world: Option<&str>, region: &str) -> [(&'static str, String); 5] {
    let key = world.map_or_else(|| account.to_owned(), |world| format!("{account}@{world}"));
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_REGION", region.to_owned()),
        ("AWS_DEFAULT_REGION", region.to_owned()),
    ]
}

/// Prints them.
pub(crate) fn run(arguments: &EnvArguments) -> Result<(), Failure> {
    let endpoint = arguments.connection.client()?.endpoint();
    let variables = aiming(&endpoint, &arguments.account, arguments.connection.world.as_deref(), &arguments.region);
    if arguments.connection.json {
        let object: Map<_, _> =
            variables.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
        return Output::new(true).show(&Value::Object(object), |_| String::new());
    }
    for (name, value) in variables {
        line(&assignment(arguments.shell, name, &value))?;
    }
    Ok(())
}

fn assignment(shell: Shell, name: &str, value: &str) -> String {
    let quoted = value.replace('\'', "'\\''");
    match shell {
        Shell::Sh => format!("export {name}='{quoted}'"),
        Shell::Fish => format!("set -gx {name} '{}'", value.replace('\\', "\\\\").replace('\'', "\\'")),
        Shell::Powershell => format!("$Env:{name} = '{}'", value.replace('\'', "''")),
        Shell::Dotenv => format!("{name}={value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_names_account_and_world() {
        let key = |world| {
            aiming("http://localhost:4566", "123456789012", world, "us-east-1").map(|(_, value)| value)[1].clone()
        };
        assert_eq!(key(None), "123456789012");
        assert_eq!(key(Some("pr-42")), "123456789012@pr-42");
    }

    #[test]
    fn values_are_quoted_for_the_shell() {
        assert_eq!(assignment(Shell::Sh, "A", "it's"), "export A='it'\\''s'");
        assert_eq!(assignment(Shell::Fish, "A", "it's"), "set -gx A 'it\\'s'");
        assert_eq!(assignment(Shell::Powershell, "A", "it's"), "$Env:A = 'it''s'");
        assert_eq!(assignment(Shell::Dotenv, "A", "b"), "A=b");
    }
}

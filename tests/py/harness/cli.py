"""The AWS CLI as a user has it, aimed at the server under test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .clients import REGION, SECRET
from .server import clean_environment


class Cli:
    """Runs `aws`. It sends no header of ours, so it chooses its world by its access key: `KEY@WORLD`."""

    def __init__(self, clients, world):
        beside = Path(sys.executable).parent / "aws"
        self.program = str(beside) if beside.exists() else shutil.which("aws")
        assert self.program, "awscli is in tests/requirements.txt"
        self.endpoint = clients.endpoint
        self.environment = clean_environment(
            AWS_ACCESS_KEY_ID=f"test@{world}",
            AWS_SECRET_ACCESS_KEY=SECRET,
            AWS_DEFAULT_REGION=REGION,
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
            AWS_EC2_METADATA_DISABLED="true",
            **({"AWS_CA_BUNDLE": clients.verify} if clients.verify else {}),
        )

    def __call__(self, *arguments, code=0):
        """What it prints; of a failure, what it complains about."""
        done = subprocess.run(
            [self.program, "--endpoint-url", self.endpoint, *map(str, arguments)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=50,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

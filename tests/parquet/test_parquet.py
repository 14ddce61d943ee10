"""Tables of pandas on S3, through s3fs: the files of a data lake (s3fs documentation; pandas User Guide, "IO tools")."""

import os

import pandas as pd
import pyarrow.dataset
import pyarrow.parquet
import pytest
import s3fs
from harness.server import Server


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true", AWS_DEFAULT_REGION="us-east-1")
    server = Server(cache=tmp_path_factory.mktemp("cache")).start()
    yield {"key": "test", "secret": "test", "endpoint_url": server.url}
    server.stop()


@pytest.fixture(scope="module")
def files(options):
    files = s3fs.S3FileSystem(**options)
    files.mkdir("lake")
    return files


@pytest.fixture
def table():
    """Large enough for several row groups, and for an upload in parts."""
    count = 400_000
    return pd.DataFrame(
        {
            "id": range(count),
            "value": [number * 0.37 for number in range(count)],
            "name": [f"name of {number * 7919 % count}" for number in range(count)],
            "moment": pd.date_range("2026-01-01", periods=count, freq="s"),
        }
    )


def test_a_table_is_written_and_read(options, files, table):
    table.to_parquet("s3://lake/table.parquet", storage_options=options, compression=None, row_group_size=50_000)
    assert files.size("lake/table.parquet") > 5 * 1024 * 1024
    pd.testing.assert_frame_equal(pd.read_parquet("s3://lake/table.parquet", storage_options=options), table, check_dtype=False)


def test_parts_of_a_table_are_read(options, files, table):
    """Columns and row groups are fetched with ranges: far less is read than there is."""
    table.to_parquet("s3://lake/wide.parquet", storage_options=options, compression=None, row_group_size=50_000)
    some = pd.read_parquet("s3://lake/wide.parquet", storage_options=options, columns=["id"], filters=[("id", ">=", 390_000)])
    assert list(some.columns) == ["id"] and len(some) == 10_000
    with files.open("lake/wide.parquet", block_size=64 * 1024) as file:
        parquet = pyarrow.parquet.ParquetFile(file)
        assert parquet.num_row_groups == 8
        assert parquet.read_row_group(3, columns=["id"])["id"][0].as_py() == 150_000


def test_partitions(options, files, table):
    table = table.head(3000).assign(day=[f"2026-01-0{number % 3 + 1}" for number in range(3000)])
    table.to_parquet("s3://lake/days", storage_options=options, partition_cols=["day"])
    assert sorted(path.rsplit("/", 1)[1] for path in files.ls("lake/days")) == [f"day=2026-01-0{number}" for number in (1, 2, 3)]
    second = pd.read_parquet("s3://lake/days", storage_options=options, filters=[("day", "==", "2026-01-02")])
    assert sorted(second["id"]) == list(range(1, 3000, 3))
    dataset = pyarrow.dataset.dataset("lake/days", filesystem=files, partitioning="hive")
    assert dataset.count_rows() == 3000


def test_files(files):
    """What programs do with file systems: write, append, find, copy, move, remove."""
    with files.open("lake/notes/one.txt", "w") as file:
        file.write("one\n")
    with files.open("lake/notes/one.txt", "a") as file:
        file.write("two\n")
    assert files.cat("lake/notes/one.txt") == b"one\ntwo\n"
    files.copy("lake/notes/one.txt", "lake/notes/deeper/two.txt")
    files.mv("lake/notes/one.txt", "lake/notes/deeper/one.txt")
    assert files.glob("lake/notes/**/*.txt") == ["lake/notes/deeper/one.txt", "lake/notes/deeper/two.txt"]
    assert files.info("lake/notes/deeper")["type"] == "directory"
    with pytest.raises(FileNotFoundError):
        files.cat("lake/notes/one.txt")
    files.rm("lake/notes", recursive=True)
    assert not files.exists("lake/notes")


def test_many_files_at_a_time(files):
    bodies = {f"lake/many/{number:03}": bytes([number]) * (number * 100) for number in range(200)}
    files.pipe(bodies)
    assert files.cat(list(bodies)) == bodies
    assert sum(size for size in files.du("lake/many", total=False).values()) == sum(map(len, bodies.values()))


def test_csv_and_json(options):
    table = pd.DataFrame({"a": [1, 2], "b": ["x", "ü"]})
    for name, write, read in [("csv", "to_csv", pd.read_csv), ("json", "to_json", pd.read_json)]:
        arguments = {"index": False} if name == "csv" else {"orient": "records"}
        getattr(table, write)(f"s3://lake/table.{name}", storage_options=options, **arguments)
        pd.testing.assert_frame_equal(read(f"s3://lake/table.{name}", storage_options=options), table, check_dtype=False)

"""Unpacks what `cargo xtask facts` reads: of every service's latest API version the model and paginators, and the partitions.

usage: unpack.py WHEEL FOLDER
"""

import gzip
import os
import sys
import zipfile

WANTED = {"service-2.json", "service-2.sdk-extras.json", "paginators-1.json", "paginators-1.sdk-extras.json"}
ROOT = "botocore/data/"

wheel, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    documents = {}
    for name in archive.namelist():
        if not name.startswith(ROOT):
            continue
        parts = name[len(ROOT):].split("/")
        if parts == ["partitions.json"] or parts == ["endpoints.json"]:
            documents[parts[0]] = name
        elif len(parts) == 3 and parts[2].removesuffix(".gz") in WANTED:
            documents.setdefault(parts[0], {}).setdefault(parts[1], []).append(name)
    for key, value in documents.items():
        if isinstance(value, str):
            names, target = [value], folder
        else:
            # Versions are dates, so the latest is the last in order.
            names, target = value[max(value)], os.path.join(folder, "services", key)
        os.makedirs(target, exist_ok=True)
        for name in names:
            content = archive.read(name)
            if name.endswith(".gz"):
                content = gzip.decompress(content)
            with open(os.path.join(target, os.path.basename(name).removesuffix(".gz")), "wb") as file:
                file.write(content)

#!/usr/bin/env python3
"""Runs clang-tidy over files of a compilation database, in parallel, and remembers what was clean.

A file is checked again only when its preprocessed text, its command, .clang-tidy or clang-tidy itself has changed.
Exit codes: 0 clean, 1 findings, 64 usage.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base, "tenon", "clang-tidy")


def compiler_arguments(entry):
    """The command without launcher, output and dependency file."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    if os.path.basename(words[0]) == "ccache":
        words = words[1:]
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MT", "-MQ"):
            skip = True
        elif word not in ("-c", "-MD", "-MMD"):
            kept.append(word)
    return kept


def fingerprint(entry, salt):
    """The key of a file's result, or None if it cannot be preprocessed (clang-tidy will then say why)."""
    words = compiler_arguments(entry)
    # -C keeps the comments: NOLINT is one.
    done = subprocess.run([*words, "-E", "-C"], cwd=entry["directory"], capture_output=True, check=False)
    if done.returncode != 0:
        return None
    digest = hashlib.sha256(salt)
    digest.update("\0".join(words).encode())
    digest.update(done.stdout)
    return digest.hexdigest()


def check(entry, options, salt, cache):
    """Returns (clean, from the cache, output)."""
    key = fingerprint(entry, salt)
    marker = cache / key if key else None
    if marker and marker.exists():
        marker.touch()
        return True, True, ""
    done = subprocess.run(["clang-tidy", "--quiet", f"--checks={options.checks}", "-p", options.build, entry["file"]],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0 and marker:
        marker.touch()
    return done.returncode == 0, False, done.stdout + (done.stderr if done.returncode else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="folder of compile_commands.json")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--checks", default="", help="checks in addition to those of .clang-tidy")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()

    root = pathlib.Path(__file__).resolve().parents[2]
    database = json.loads(pathlib.Path(options.build, "compile_commands.json").read_text(encoding="utf-8"))
    entries = {os.path.realpath(os.path.join(e["directory"], e["file"])): e for e in database}
    wanted = [os.path.realpath(f) for f in options.files]
    todo = [entries[f] for f in wanted if f in entries]
    if not todo:
        print("clang-tidy: none of the files is part of the build", file=sys.stderr)
        return 1

    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    salt = version + (root / ".clang-tidy").read_bytes() + options.checks.encode()
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)

    failed, known = [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(check, e, options, salt, cache): e for e in todo}
        for number, future in enumerate(concurrent.futures.as_completed(running), 1):
            name = os.path.relpath(running[future]["file"], root)
            clean, cached, output = future.result()
            known += cached
            if not clean:
                failed.append(name)
                print(output, flush=True)
            if not cached:
                print(f"[{number}/{len(todo)}] clang-tidy {name}: {'ok' if clean else 'FAILED'}", file=sys.stderr,
                      flush=True)
    # Files that only other projects of the tree build (examples of strangers) are not in the database.
    print(f"clang-tidy: {len(todo)} files, {known} unchanged since they were clean, {len(failed)} with findings, "
          f"{len(wanted) - len(todo)} outside the build", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The rules of this tree that no compiler knows: length of files, header guards, machine paths, links, package list.

usage: tree_rules.py ROOT FILE...   (files relative to ROOT)
Prints one line per violation, file:line: rule. Exit codes: 0 none, 1 some.
"""

import pathlib
import re
import sys

MAX_LINES = 600
GENERATED = {"config/storage.schema.json"}
CODE = {".cpp", ".hpp", ".c", ".h", ".py", ".sh", ".cmake"}

# Absolute paths may start with a folder of the Filesystem Hierarchy Standard, be plainly an example, or be the rest of
# a path in this tree (ROOT "/config/storage.yaml"). Any other one is a place on the machine of whoever wrote it.
KNOWN_TOP_FOLDERS = {"bin", "boot", "dev", "etc", "lib", "lib64", "media", "opt", "proc", "run", "sbin", "srv", "sys",
                     "home", "tmp", "usr", "var", "absent", "missing", "nonexistent", "no", "path", "does"}
ABSOLUTE = re.compile(r"""(?:^|(?<=[\s"'`(=<,:\[{|]))/([A-Za-z0-9_.-]+)/[A-Za-z0-9_.-]""")
PRIVATE_HOME = re.compile(r"/(?:home|root|Users)/(?!(?:developer|user|you)\b)[A-Za-z0-9_.-]+")
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"^\s*(```|~~~)")


def is_url_tail(line, start):
    """True where the match is part of scheme://host/path."""
    return re.search(r"[A-Za-z][A-Za-z0-9+.-]*:/?$", line[:start]) is not None


def path_violations(root, line):
    for match in ABSOLUTE.finditer(line):
        top = match.group(1)
        if top not in KNOWN_TOP_FOLDERS and not (root / top).exists() and not is_url_tail(line, match.start()):
            yield f"path of one machine: /{top}/…"
    if PRIVATE_HOME.search(line):
        yield "path of somebody's home"


def anchors_of(text):
    """GitHub's anchors of a Markdown file."""
    anchors, fenced = set(), False
    for line in text.splitlines():
        fenced ^= FENCE.match(line) is not None
        heading = None if fenced else HEADING.match(line)
        if not heading:
            continue
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1))
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number, name = 0, slug
        while name in anchors:
            number += 1
            name = f"{slug}-{number}"
        anchors.add(name)
    return anchors


def link_violations(root, file, text):
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        if fenced:
            continue
        for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
            target = match.group(1)
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            path, _, anchor = target.partition("#")
            found = (root / file).parent / path if path else root / file
            if not found.exists():
                yield number, f"link to a file that is not there: {target}"
            elif anchor and found.suffix == ".md" and anchor not in anchors_of(found.read_text(encoding="utf-8")):
                yield number, f"link to a heading that is not there: {target}"


def package_violations(text):
    seen, last = {}, ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if line.startswith("["):
            last = ""
        elif line:
            if line in seen:
                yield number, f"package listed twice: {line} (line {seen[line]})"
            if line < last:
                yield number, f"not sorted: {line} after {last}"
            seen[line], last = number, line


def violations(root, file):
    path = pathlib.PurePosixPath(file)
    data = (root / file).read_bytes()
    if b"\0" in data[:8000]:
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        yield 1, f"not UTF-8: {error.reason}"
        return
    lines = text.splitlines()
    if (path.suffix in CODE or path.suffix == ".md") and file not in GENERATED and len(lines) > MAX_LINES:
        yield len(lines), f"{len(lines)} lines, at most {MAX_LINES}"
    if path.suffix == ".hpp" and (not lines or lines[0] != "#pragma once"):
        yield 1, "a header starts with #pragma once"
    if path.suffix == ".hpp" and len(lines) > 1 and not lines[1].startswith("//"):
        yield 2, "a header's second line starts the comment that says what it is"
    for number, line in enumerate(lines, 1):
        for violation in path_violations(root, line):
            yield number, violation
    if path.suffix == ".md":
        yield from link_violations(root, file, text)
    if file == "tools/packages.txt":
        yield from package_violations(text)


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 64
    root, count = pathlib.Path(arguments[0]), 0
    for file in arguments[1:]:
        if not (root / file).is_file():  # a symbolic link to a folder, or removed but not yet committed
            continue
        for number, violation in violations(root, file):
            print(f"{file}:{number}: {violation}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

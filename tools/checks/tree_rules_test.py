#!/usr/bin/env python3
"""Each rule of tree_rules.py finds what it is for, and leaves alone what is right."""

import pathlib
import tempfile
import unittest

import tree_rules


class TreeRules(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self._folder.name)

    def tearDown(self):
        self._folder.cleanup()

    def found(self, file, text):
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return [violation for _, violation in tree_rules.violations(self.root, file)]

    def test_long_files(self):
        self.assertEqual(self.found("a.cpp", "\n" * 600), [])
        self.assertEqual(self.found("a.cpp", "\n" * 601), ["601 lines, at most 600"])
        self.assertEqual(self.found("data.txt", "\n" * 601), [])

    def test_headers(self):
        self.assertEqual(self.found("a.hpp", "#pragma once\n// What it is.\n"), [])
        self.assertEqual(len(self.found("a.hpp", "// What it is.\n#pragma once\n")), 2)
        self.assertEqual(len(self.found("a.hpp", "#pragma once\n#include <a>\n")), 1)

    def test_machine_paths(self):
        self.found("docs/x.md", "")
        top = "/" + "mnt2"  # in two parts, because this file is checked too
        home = "/" + "home"
        for text in (f"// see {top}/x/y", f'"{top}/x"', f"`{top}/x`", f"a={top}/x", f"[x]({top}/x)"):
            with self.subTest(text):
                self.assertTrue(self.found("a.cpp", text))
        self.assertTrue(self.found("a.cpp", f"{home}/somebody/x"))
        for text in ("/usr/lib/x", "/home/user/x", "ROOT \"/docs/x.md\"", "/run/secrets/db", "and/or/else", "https://example.org/a/b", "a // b", "$x/y/z",
                     "postgresql://app@host:5432/shop/x", "file:///etc/x", "</b>", "file:/name?vfs=memdb", "$<X:y>/tenon/x"):
            with self.subTest(text):
                self.assertEqual(self.found("a.cpp", text), [])

    def test_links(self):
        self.found("docs/there.md", "# A `b` heading!\n")
        self.assertEqual(self.found("docs/a.md", "[x](there.md) [y](there.md#a-b-heading) [z](https://e.org/x)"), [])
        self.assertEqual(self.found("docs/a.md", "```\n[x](absent.md)\n```\n`[x](absent.md)`"), [])
        self.assertEqual(len(self.found("docs/a.md", "[x](absent.md)")), 1)
        self.assertEqual(len(self.found("docs/a.md", "[x](there.md#absent)")), 1)
        self.assertEqual(len(self.found("docs/a.md", "# One\n[x](#two)")), 1)

    def test_packages(self):
        name = "tools/packages.txt"
        self.assertEqual(self.found(name, "[a]\nb # why\nc\n[d]\na\n"), [])
        self.assertEqual(self.found(name, "[a]\nc\nb\n"), ["not sorted: b after c"])
        self.assertEqual(self.found(name, "[a]\nb\n[c]\nb\n"), ["package listed twice: b (line 2)"])

    def test_encoding(self):
        (self.root / "a.cpp").write_bytes(b"// \xe4\n")
        self.assertEqual(len(list(tree_rules.violations(self.root, "a.cpp"))), 1)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Turns the results of tenon_bench into ratios.json, and into the table and the plot of docs/benchmarks.md.

Exit codes: 0 written, 1 a work is missing or failed, 64 usage.
"""

import argparse
import datetime
import json
import pathlib
import statistics
import sys
import textwrap

# work, words, measure, for each backend the target, and the way of Tenon's that is meant, where there are several;
# {many}, {half} and {seeded} are numbers of rows, which differ in a quick run
WORKS = [
    ("find_by_key", "find by key", "real_time", {"postgresql": 1.03, "sqlite": 1.05}),
    ("find_by_key", "find by key, client's CPU", "cpu_time", {"postgresql": 1.10}),
    ("find_by_unique", "find by unique column", "real_time", {"postgresql": 1.03, "sqlite": 1.05}),
    ("find_by_unique", "find by unique column, client's CPU", "cpu_time", {"postgresql": 1.10}),
    ("find_many", "find_many of 100 keys, per row", "real_time", {"postgresql": 0.25, "sqlite": 0.85}),
    ("select_1000", "select of 1,000 filtered rows", "real_time", {"postgresql": 1.03, "sqlite": 1.05}),
    ("scan", "scan of {seeded} rows, streamed", "real_time", {"postgresql": 0.90, "sqlite": 1.05}),
    ("create_many", "create_many of {many} rows, keys back", "real_time", {"postgresql": 1.10, "sqlite": 0.80}),
    ("create", "create: one statement, autocommit", "real_time", {"postgresql": 1.03, "sqlite": 1.05}),
    ("update", "update: one statement, autocommit", "real_time", {"postgresql": 1.03, "sqlite": 1.05}),
    ("create_in_transaction", "create in store.transaction", "real_time", {"postgresql": 0.70, "sqlite": 1.05}),
    ("update_in_transaction", "update in store.transaction", "real_time", {"postgresql": 0.70, "sqlite": 1.05}),
    ("create_batch", "{half} creates through the batch", "real_time", {"postgresql": 0.65, "sqlite": 1.05}),
    ("update_batch", "{half} updates through the batch", "real_time", {"postgresql": 0.55, "sqlite": 1.05}),
    ("tpcb_1", "TPC-B, 1 thread", "real_time", {"postgresql": 1.00}),
    ("tpcb_4", "TPC-B, 4 threads", "real_time", {"postgresql": 1.00}),
    ("tpcb_1", "TPC-B with the batch, 1 thread", "real_time", {"postgresql": 0.70}, "tenon_batch"),
    ("tpcb_4", "TPC-B with the batch, 4 threads", "real_time", {"postgresql": 0.70}, "tenon_batch"),
]
# The same works on harder terms, without a target of their own.
BESIDE = [
    ("find_alone", "find by key, outside of a transaction"),
    ("update_indexed", "update of a column that has an index, autocommit"),
    ("update_indexed_in_transaction", "update of a column that has an index, in store.transaction"),
]
PLAIN = {"postgresql": "libpq", "sqlite": "sqlite3"}
PEERS = {"postgresql": ["soci", "libpqxx"], "sqlite": ["soci", "SQLiteCpp", "sqlite3_private"]}
BACKENDS = {"postgresql": "PostgreSQL", "sqlite": "SQLite, in memory"}
SCALES = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def read_medians(path):
    """{(work, backend, library): {measure: median, times in seconds}} of the repetitions, the names of what failed, and
    the circumstances."""
    samples, failed = {}, []
    results = json.loads(path.read_text(encoding="utf-8"))
    for run in results["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        work, backend, library = run["name"].split("/")[:3]
        if run.get("error_occurred"):
            failed.append(f"{work}/{backend}/{library}: {run['error_message']}")
            continue
        found = samples.setdefault((work, backend, library), {"real_time": [], "cpu_time": []})
        for measure in ("real_time", "cpu_time"):
            found[measure].append(run[measure] * SCALES[run["time_unit"]])
        if "peak_kib" in run:
            found.setdefault("peak_kib", []).append(run["peak_kib"])
    return {key: {m: statistics.median(v) for m, v in found.items()} for key, found in samples.items()}, failed, results["context"]


def ratios_of(medians, context):
    """One entry per target that the results speak of."""
    many, seeded = int(context["many"]), int(context["seeded"])
    numbers = {"many": f"{many:,}", "half": f"{many // 2:,}", "seeded": f"{seeded:,}"}
    ratios = []
    for work, words, measure, targets, *way in WORKS:
        words = words.format(**numbers)
        for backend, target in targets.items():
            plain = medians.get((work, backend, PLAIN[backend])) or medians.get((work, backend, "pgbench"))
            ours = medians.get((work, backend, way[0] if way else "tenon"))
            if not plain or not ours:
                continue
            ratio = ours[measure] / plain[measure]
            peers = {p: medians[(work, backend, p)][measure] / plain[measure]
                     for p in PEERS[backend] if (work, backend, p) in medians}
            name = "_".join([work, *way, *(["cpu"] if measure == "cpu_time" else [])])
            ratios.append({"name": name, "work": words, "backend": backend, "ratio": round(ratio, 3), "target": target,
                           "met": ratio <= target, "plain_seconds": plain[measure], "seconds": ours[measure],
                           "peers": {name: round(value, 3) for name, value in peers.items()}})
    return ratios


def duration(seconds):
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def table(ratios, backend):
    rows = [r for r in ratios if r["backend"] == backend]
    peers = [p for p in PEERS[backend] if any(p in r["peers"] for r in rows)]
    lines = [f"| work | {PLAIN[backend]} | Tenon | ratio | target | | " + " | ".join(peers) + " |",
             "|---|---|---|---|---|---|" + "---|" * len(peers)]
    for row in rows:
        cells = [row["work"], duration(row["plain_seconds"]), duration(row["seconds"]), f"**{row['ratio']:.2f}**",
                 f"≤ {row['target']:.2f}", "met" if row["met"] else "missed"]
        cells += [f"{row['peers'][p]:.2f}" if p in row["peers"] else "–" for p in peers]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def beside(medians):
    lines = ["| work | PostgreSQL: libpq | Tenon | ratio | SQLite: sqlite3 | Tenon | ratio |", "|---|---|---|---|---|---|---|"]
    for work, words in BESIDE:
        cells = [words]
        for backend in ("postgresql", "sqlite"):
            plain, ours = (medians.get((work, backend, library)) for library in (PLAIN[backend], "tenon"))
            if not plain or not ours:
                cells += ["–"] * 3
                continue
            cells += [duration(plain["real_time"]), duration(ours["real_time"]),
                      f"**{ours['real_time'] / plain['real_time']:.2f}**"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(ratios, path):
    import matplotlib  # here, so that a quick run needs none

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "tenon"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(13, 6.5))
    for axis, backend in zip(axes, ("postgresql", "sqlite")):
        rows = [r for r in ratios if r["backend"] == backend][::-1]
        places = range(len(rows))
        axis.barh(places, [r["ratio"] for r in rows], color=["#3a7d44" if r["met"] else "#c8553d" for r in rows],
                  height=0.55, label="Tenon")
        axis.scatter([r["target"] for r in rows], places, marker="|", s=160, color="black", label="target", zorder=3)
        for peer, marker in zip(PEERS[backend], ("o", "s", "x")):
            points = [(r["peers"][peer], i) for i, r in enumerate(rows) if peer in r["peers"]]
            if points:
                axis.scatter(*zip(*points), marker=marker, s=22, color="#5b6c8f", label=peer, zorder=3)
        axis.axvline(1.0, color="grey", linewidth=0.8)
        axis.set_yticks(list(places), [r["work"] for r in rows], fontsize=8)
        axis.set_xlim(0, 3)
        axis.set_title(f"{BACKENDS[backend]}: time, {PLAIN[backend]} = 1")
        axis.legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def growth(medians):
    sizes = sorted({int(work.rsplit("_", 1)[1]) for work, _, _ in medians if work.startswith("growing_scan_")})
    lines = ["| rows | create_many, per row: PostgreSQL | SQLite | streamed scan, per row: PostgreSQL | SQLite | "
             "memory of the scan: PostgreSQL | SQLite |", "|---|---|---|---|---|---|---|"]
    for size in sizes:
        cells = [f"{size:,}"]
        for work, show in (("create", "real_time"), ("scan", "real_time"), ("scan", "peak_kib")):
            for backend in ("postgresql", "sqlite"):
                found = medians.get((f"growing_{work}_{size}", backend, "tenon"))
                value = found and found.get(show)
                if value is None:
                    cells.append("–")
                else:
                    cells.append(f"{value:.0f} KiB" if show == "peak_kib" else duration(value / size))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) if sizes else ""


def read_reasons(path):
    """{"backend name": paragraph} from the page of reasons: one heading for each, "## backend name"."""
    parts = path.read_text(encoding="utf-8").split("\n## ")[1:]
    return {head.strip(): body.strip() for head, _, body in (part.partition("\n") for part in parts)}


def misses(ratios, reasons):
    """What is said of the targets that were not met, and the names of those of which nothing is known."""
    lines, unknown = [], []
    for row in (r for r in ratios if not r["met"]):
        name = f"{row['backend']} {row['name']}"
        if name not in reasons:
            unknown.append(name)
        said = f"**{row['work']}, {BACKENDS[row['backend']]}**: {row['ratio']:.3f} instead of {row['target']:.2f}. " + \
               reasons.get(name, "The reason is not known yet.")
        lines += [textwrap.fill(said, 120, break_long_words=False, break_on_hyphens=False), ""]
    return "\n".join(lines[:-1]) if lines else "Every target is met.", unknown


def circumstances(context):
    day = datetime.datetime.fromisoformat(context["date"]).date()
    return (f"The figures are of {day}, from a machine with {context['num_cpus']} processors of "
            f"{context['mhz_per_cpu']} MHz, one of which is used.")


def replace_part(text, name, content):
    begin, end = f"<!-- {name}: made by ./dev bench -->\n", f"<!-- end of {name} -->"
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"no place for {name}")
    return f"{head}{begin}{content}\n{end}{tail}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", required=True, type=pathlib.Path, nargs="+")
    parser.add_argument("--ratios", required=True, type=pathlib.Path)
    parser.add_argument("--reasons", type=pathlib.Path, default=pathlib.Path(__file__).with_name("reasons.md"))
    parser.add_argument("--docs", type=pathlib.Path, help="the page and, beside it, the plot to bring up to date")
    options = parser.parse_args()

    medians, failed, context = {}, [], {}
    for path in options.results:
        found, wrong, context = read_medians(path)
        medians.update(found)
        failed += wrong
    ratios = ratios_of(medians, context)
    options.ratios.write_text(json.dumps(ratios, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for backend in ("postgresql", "sqlite"):
        print(f"\n{BACKENDS[backend]}\n\n{table(ratios, backend)}")
    if options.docs:
        page = options.docs.read_text(encoding="utf-8")
        for backend in ("postgresql", "sqlite"):
            page = replace_part(page, f"table {backend}", table(ratios, backend))
        page = replace_part(page, "beside", beside(medians))
        page = replace_part(page, "growth", growth(medians))
        page = replace_part(page, "circumstances", circumstances(context))
        why, unknown = misses(ratios, read_reasons(options.reasons))
        page = replace_part(page, "misses", why)
        for name in unknown:
            print(f"no reason in {options.reasons.name} for: {name}", file=sys.stderr)
        options.docs.write_text(page, encoding="utf-8")
        plot(ratios, options.docs.with_suffix(".svg"))
    for name in failed:
        print(f"failed: {name}", file=sys.stderr)
    return 1 if failed or not ratios else 0


if __name__ == "__main__":
    sys.exit(main())

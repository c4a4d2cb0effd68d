"""The figures as a table, for the terminal and for a page of the documentation."""

from pathlib import Path

from tests.bench.figures import GIVEN, TARGETS, Load, Sheet

BEGIN, END = "<!-- figures: make bench writes what stands from here -->", "<!-- to here -->"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _loads(sheet: Sheet) -> list[list[str]]:
    head = ["eight at a time", "a second", "of the floor", "p50 ms", "p95 ms", "p99 ms",
            "processor ms", "of the floor’s", "MiB"]
    return [head, *[_load(one) for one in sheet.loads.values()]]


def _load(one: Load) -> list[str]:
    return [
        one.name, _number(one.a_second),
        f"{one.of_floor:.0%}" if one.unit == "requests" else "",
        _number(one.p50), _number(one.p95), _number(one.p99), f"{one.cpu:.2f}",
        f"{one.of_floor_cpu:.0%}" if one.unit == "requests" else "", f"{one.pss:.0f}",
    ]


def _floor(sheet: Sheet) -> str:
    loads = sheet.loads.values()
    if not loads:
        return ""
    rates = [one.floor_a_second for one in loads]
    cpus = [one.floor_cpu for one in loads]
    drivers = [one.driver_cpu for one in loads if one.unit == "requests"] or [0.0]
    return (
        f"The floor in the same sittings: {min(rates):,.0f} to {max(rates):,.0f} requests a second, "
        f"{min(cpus):.2f} to {max(cpus):.2f} ms of processor time each. "
        f"The driver: {max(drivers):.2f} ms a request at most."
    )


def _single(value: float, unit: str) -> str:
    return f"{value:,.2f} {unit}" if unit else f"{value:,.0f}"


def _singles(sheet: Sheet) -> list[list[str]]:
    rows = [[one.name, _single(one.value, one.unit), one.note] for one in sheet.singles.values()]
    return [["one by one", "measured", ""], *rows]


def _targets(sheet: Sheet) -> list[list[str]]:
    said = {True: "ok", False: "**short**", None: ""}
    rows = []
    for one in TARGETS:
        words, good = one.verdict(sheet)
        rows.append([one.what, one.at_least, words, said[good]])
    return [["what", "asked at least", "measured", ""], *rows]


def _given(sheet: Sheet) -> list[list[str]]:
    ours = {one.key: one for one in reversed(TARGETS)}
    rows = []
    for what, theirs, key in GIVEN:
        load = sheet.loads.get(key)
        words = f"{_number(load.a_second)} a second, {load.cpu:.1f} ms of processor time each" \
            if load else ours[key].verdict(sheet)[0]
        rows.append([what, theirs, words])
    return [["", "Moodle 5.1 with PostgreSQL (as given, another machine of this class)", "Rounds"],
            *rows]


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.ljust(widths[0]) if not place else cell.rjust(widths[place])
                 for place, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _marked(rows: list[list[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def text(sheet: Sheet) -> str:
    """Return the tables for a terminal."""
    parts = [_aligned(rows) for rows in (_loads(sheet), _singles(sheet), _targets(sheet))]
    return "\n\n".join([parts[0], _floor(sheet), *parts[1:]]).replace("**", "")


def markdown(sheet: Sheet) -> str:
    """Return the tables for a page."""
    return "\n\n".join(
        [
            f"Measured on {sheet.when}.", _marked(_targets(sheet)), _marked(_loads(sheet)),
            _floor(sheet), _marked(_singles(sheet)), _marked(_given(sheet)),
        ]
    )


def refresh(page: Path, sheet: Sheet) -> None:
    """Write the tables into a page, between its two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _old, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{page} does not hold {BEGIN!r} and {END!r}.")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(sheet)}\n\n{END}{after}", encoding="utf-8")

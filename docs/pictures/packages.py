"""Draw the packages and what they import: `make picture` writes packages.svg.

A band is an app, a box a feature; a row holds what needs only the rows below it.
An arrow is left out where others lead the same way.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from tests.architecture import APPS, DJANGO_FOLDERS, Module, imports, module_of, modules, reachable

ROOT = Path(__file__).resolve().parents[2]
PICTURE = Path(__file__).with_name("packages.svg")
BOX, BOX_HEIGHT, ROW, BEND, GAP = 134, 26, 46, 16, 10  # BEND: room for an arrow that passes through a row
MARGIN, HEAD, WIDTH = 16, 30, 880
RAIL = 22  # distance of the apps' arrows, right of the bands
SWEEPS = 8
TINTS = {"nanchuan_eval": "#e8eef4", "departments": "#eaf3e6", "evaluations": "#fbf1de", "accountability": "#f7e7e4"}
TITLES = {
    "nanchuan_eval": "the platform",
    "departments": "who is rated",
    "evaluations": "one round",
    "accountability": "what follows the list",
}
STYLE = """text { font: 13px sans-serif; fill: #1d2733; } .app { font-weight: bold; font-size: 15px; }
.box { fill: #fff; stroke: #44546a; } .line { fill: none; stroke: #44546a; stroke-width: 1.2; }
.rail { fill: none; stroke: #8a6d3b; stroke-width: 2.4; }"""
ARROWS = """<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">
<path d="M0,0.5 L8,4 L0,7.5 z" fill="#44546a"/></marker><marker id="b" markerWidth="6" markerHeight="6" refX="5"
refY="3" orient="auto"><path d="M0,0 L6,3 L0,6 z" fill="#8a6d3b"/></marker></defs>"""

Graph = dict[str, set[str]]
Point = tuple[float, float]


def features(known: dict[str, Module]) -> set[str]:
    """Return the packages directly in an app, and the models that its features share."""
    packages = {m.name for m in known.values() if len(m.parts) == 2 and m.is_init and m.parts[1] not in DJANGO_FOLDERS}
    return packages | {"departments.models"}


def read_imports(root: Path) -> tuple[Graph, set[tuple[str, str]]]:
    """Return what each feature imports of its own app, and the pairs of apps (who imports, what)."""
    known = modules(root)
    graph: Graph = {name: set() for name in sorted(features(known))}
    apps = set()
    for module in known.values():
        for target in (module_of(name, known) for name in imports(module)):
            other = known[target] if target else module
            if other.app != module.app:
                apps.add((module.app, other.app))
            elif module.package != other.package and {module.package, other.package} <= graph.keys():
                graph[module.package].add(other.package)
    return graph, apps


def without_implied(graph: Graph) -> Graph:
    """Leave out an arrow where a longer way leads to the same package."""
    return {
        node: {one for one in targets if not any(one in reachable(graph, other) for other in targets - {one})}
        for node, targets in graph.items()
    }


def heights(graph: Graph) -> dict[str, int]:
    """Return each node's row: one above the highest row that it needs."""
    found: dict[str, int] = {}

    def height(node: str) -> int:
        if node not in found:
            found[node] = 1 + max(map(height, sorted(graph[node])), default=-1)
        return found[node]

    for node in graph:
        height(node)
    return found


class Band:
    """The features of one app in rows; an arrow over several rows has a bend (a name with ">") in each between."""

    def __init__(self, graph: Graph) -> None:
        self.level = heights(graph)
        self.names = sorted(graph)
        self.chains = [self._chain(one, two) for one in sorted(graph) for two in sorted(graph[one])]
        self.near: dict[str, list[str]] = defaultdict(list)
        for chain in self.chains:
            for one, two in pairwise(chain):
                self.near[one].append(two)
                self.near[two].append(one)
        self.rows: list[list[str]] = [[] for _ in range(1 + max(self.level.values()))]
        for node in sorted(self.level):
            self.rows[self.level[node]].append(node)
        self.x = self._places()

    def _chain(self, one: str, two: str) -> list[str]:
        bends = {f"{one}>{two}>{n}": n for n in range(self.level[one] - 1, self.level[two], -1)}
        self.level |= bends
        return [one, *bends, two]

    def _places(self) -> dict[str, float]:
        """Pull every node towards its neighbours, up and down in turn."""
        x: dict[str, float] = {}
        for row in self.rows:
            x |= spread(row, dict.fromkeys(row, 0.0))
        for sweep in range(SWEEPS):
            for row in self.rows if sweep % 2 else reversed(self.rows):
                wish = {node: fmean(x[n] for n in self.near[node]) if self.near[node] else x[node] for node in row}
                row[:] = [node for _, node in sorted((wish[node], node) for node in row)]
                x |= spread(row, wish)
        left = min(x[node] - width(node) / 2 for node in x)
        right = max(x[node] + width(node) / 2 for node in x)
        return {node: place - (left + right) / 2 for node, place in x.items()}


def width(node: str) -> int:
    return BEND if ">" in node else BOX


def spread(row: list[str], wish: dict[str, float]) -> dict[str, float]:
    """Place a row without overlaps, on average where its nodes wish to be."""
    placed: dict[str, float] = {}
    edge = float("-inf")
    for node in row:
        placed[node] = max(wish[node], edge + width(node) / 2)
        edge = placed[node] + width(node) / 2 + GAP
    shift = fmean(wish[node] - placed[node] for node in row)
    return {node: place + shift for node, place in placed.items()}


def curve(points: list[Point]) -> str:
    """Return a path from box to box that is vertical beside the boxes it passes."""
    half = BOX_HEIGHT / 2
    steps = []
    for (x1, y1), (x2, y2) in pairwise(points):
        start, end = y1 + half, y2 - half
        middle = (start + end) / 2
        steps.append(f"L{x1:.0f},{start:.0f} C{x1:.0f},{middle:.0f} {x2:.0f},{middle:.0f} {x2:.0f},{end:.0f}")
    return "M" + " ".join(steps)[1:]


def draw_band(app: str, band: Band, top: float, right: float) -> Iterator[str]:
    height = HEAD + ROW * len(band.rows)
    centre = (MARGIN + right) / 2
    place = {
        node: (centre + x, top + height - ROW * (band.level[node] + 0.5) - 4) for node, x in band.x.items()
    }  # fmt: skip
    yield f'<rect x="{MARGIN}" y="{top}" width="{right - MARGIN:.0f}" height="{height}" rx="6" fill="{TINTS[app]}"/>'
    yield f'<text class="app" x="{MARGIN + 12}" y="{top + 22}">{app}: {TITLES[app]}</text>'
    for chain in band.chains:
        yield f'<path class="line" d="{curve([place[node] for node in chain])}" marker-end="url(#a)"/>'
    for name in band.names:
        x, y = place[name]
        yield (
            f'<rect class="box" x="{x - BOX / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{BOX}" '
            f'height="{BOX_HEIGHT}" rx="4"/>'
        )
        yield f'<text x="{x:.0f}" y="{y + 4.5:.0f}" text-anchor="middle">{name.split(".")[1]}</text>'


def draw_rails(pairs: Iterable[tuple[str, str]], tops: dict[str, float], right: float) -> Iterator[str]:
    """Draw one arrow for each pair of apps, beside the bands."""
    order = sorted(pairs, key=lambda pair: (APPS.index(pair[0]) - APPS.index(pair[1]), pair))
    for n, (one, two) in enumerate(order):
        start, end = tops[one] + 16 + 7 * APPS.index(two), tops[two] + 16 + 9 * APPS.index(one)
        x = right + RAIL * (n + 1)
        yield (
            f'<path class="rail" d="M{right:.0f},{start:.0f} H{x:.0f} V{end:.0f} H{right + 3:.0f}" '
            'marker-end="url(#b)"/>'
        )


def picture(root: Path) -> str:
    """Return the SVG: the highest app on top, arrows from who imports to what is imported."""
    graph, pairs = read_imports(root)
    lean = without_implied(graph)
    right = WIDTH - MARGIN - RAIL * len(pairs)
    parts: list[str] = []
    tops: dict[str, float] = {}
    top = MARGIN
    for app in reversed(APPS):
        band = Band({name: targets for name, targets in lean.items() if name.startswith(f"{app}.")})
        tops[app] = top
        parts += draw_band(app, band, top, right)
        top += HEAD + ROW * len(band.rows) + MARGIN
    parts += draw_rails(pairs, tops, right)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}">'
    back = f'<rect width="{WIDTH}" height="{top}" fill="#fff"/>'
    title = "<title>What the packages import</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", ARROWS, back, *parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(ROOT), encoding="utf-8")

"""Static files as they are served: sheets and the ballot's scripts joined, minified, compressed, hashed."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

Sources = dict[str, tuple[Storage, str]]
IMPORT = re.compile(r'@import "([\w-]+\.css)";\n*')
TOKEN, USE = re.compile(r"(?<=[{;])(--[\w-]+):[^;{}]*;?"), re.compile(r"var\((--[\w-]+)")
# What a voter's phone loads. Programs that strangers read before they believe them (checks, recounts) stay as written.
SHEETS, SCRIPTS = ("css/*.css",), ("js/ballot*.js", "js/ballot/*.js")
# Loaded together, in the order of their names: served as one file.
JOINED = ("js/ballot/*.js",)
# The only sheet of its pages, so that no other one needs its tokens.
ALONE = ("css/voting.css",)


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """Put into a collected sheet what it imports, and minify sheets and the ballot's scripts.

    Each file costs a phone a request with its headers, and small files compress badly.
    """

    def post_process(self, paths: Sources, dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Shorten the collected files, then name and compress them."""
        joined = sorted(name for name in paths if _is_one_of(name, JOINED))
        if not dry_run:
            texts = {name: shortened(name, paths) for name in paths if _is_one_of(name, SHEETS + SCRIPTS)}
            texts |= dict.fromkeys(joined[:1], "\n".join(texts[name] for name in joined))
            paths = {**paths, **{name: self._replaced(name, text) for name, text in texts.items()}}
        yield from super().post_process(paths, dry_run=dry_run, **options)
        if not dry_run and joined:
            served = self.hashed_files[self.hash_key(joined[0])]
            self.hashed_files |= dict.fromkeys(map(self.hash_key, joined), served)
            self.save_manifest()

    def _replaced(self, name: str, text: str) -> tuple[Storage, str]:
        self.delete(name)
        self._save(name, ContentFile(text.encode()))
        return self, name


def shortened(name: str, sources: Sources) -> str:
    """Return a sheet or a script without comments and blanks, a sheet with what it imports and the tokens it uses."""
    if not _is_one_of(name, SHEETS):
        return str(jsmin(_read(name, sources)))
    sheet = str(cssmin(_with_imports(name, sources)))
    return with_used_tokens(sheet) if name in ALONE else sheet


def with_used_tokens(sheet: str) -> str:
    """Return a sheet without the tokens (custom properties) that nothing in it uses: all sheets share one set."""
    used = set(USE.findall(sheet))
    lean = TOKEN.sub(lambda found: found[0] if found[1] in used else "", sheet)
    return lean if lean == sheet else with_used_tokens(lean)


def _with_imports(name: str, sources: Sources) -> str:
    folder = PurePosixPath(name).parent
    return IMPORT.sub(lambda found: _with_imports(str(folder / found[1]), sources) + "\n", _read(name, sources))


def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    path = PurePosixPath(name)
    return any(len(path.parts) == pattern.count("/") + 1 and path.match(pattern) for pattern in patterns)


def _read(name: str, sources: Sources) -> str:
    """Read what was written, not what an earlier run has made of it."""
    storage, path = sources[name]
    with storage.open(path) as file:
        return str(file.read().decode())

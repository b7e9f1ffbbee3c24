"""Refresh or check the front-end files that Folkmoot serves from its own folder.

`python scripts/vendor_static.py` fetches the packages named below with `npm pack`, copies the few
files that the pages use, draws one sprite of the icons that the templates name, and writes
`vendor.json`. `--check` needs no network: it compares every file with its recorded digest, and the
sprite with the templates.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "platform" / "folkmoot" / "web"
VENDOR = WEB / "static" / "vendor"
SPRITE = "icons.svg"
# An icon is named where it is drawn, `icon("x")` and `iconButton("x")`, or handed to a macro,
# `icon_name="x"`.
ICON_CALL = re.compile(r"""\bicon(?:\(|Button\(|_name=)["']([a-z0-9-]+)["']""")
SOURCE_MAP = re.compile(rb"\n?/[/*]# sourceMappingURL=[^\n]*")


@dataclass(frozen=True)
class Package:
    """One package of the npm registry, and which of its files we serve."""

    name: str
    version: str
    licence: str
    files: dict[str, str] = field(default_factory=dict)
    licence_file: str | None = "LICENSE"

    @property
    def slug(self) -> str:
        """Return the name as it can stand in a file name."""
        return self.name.strip("@").replace("/", "-")


ICONS = Package("@tabler/icons", "3.51.0", "MIT")
PACKAGES = (
    # The package carries no licence file; licenses/tabler-core.txt is kept by hand.
    Package(
        "@tabler/core",
        "1.6.1",
        "MIT",
        {"dist/css/tabler.min.css": "tabler.min.css"},
        licence_file=None,
    ),
    Package("htmx.org", "2.0.11", "0BSD", {"dist/htmx.min.js": "htmx.min.js"}),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {
            "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
        },
    ),
    # Neither of the two carries its licence; licenses/ keeps the texts of their repositories.
    Package(
        "@annotorious/annotorious",
        "3.8.10",
        "BSD-3-Clause",
        {"dist/annotorious.js": "annotorious.js", "dist/annotorious.css": "annotorious.css"},
        licence_file=None,
    ),
    Package(
        "@recogito/text-annotator",
        "4.1.1",
        "BSD-3-Clause",
        {"dist/text-annotator.umd.js": "text-annotator.js"},
        licence_file=None,
    ),
    ICONS,
)


def fetch(package: Package, folder: Path) -> Path:
    """Unpack one package below `folder` and return where its files lie."""
    # The arguments are the constants above, and npm is wherever the developer installed it.
    packed = subprocess.run(  # noqa: S603
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],  # noqa: S607
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    target = folder / package.slug
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def copy_files(package: Package, unpacked: Path) -> None:
    """Copy the files that we serve, and the licence, into the vendor folder."""
    for source, target in package.files.items():
        # Source maps are not served, so a reference to them would only be a missing page.
        (VENDOR / target).write_bytes(SOURCE_MAP.sub(b"", (unpacked / source).read_bytes()))
    if package.licence_file:
        licence = VENDOR / "licenses" / f"{package.slug}.txt"
        shutil.copyfile(unpacked / package.licence_file, licence)


def icons_used() -> list[str]:
    """List the names of the icons that templates and scripts ask for."""
    scripts = [path for path in WEB.glob("static/**/*.js") if VENDOR not in path.parents]
    sources = [*WEB.glob("templates/**/*.html"), *scripts]
    found = (ICON_CALL.findall(path.read_text(encoding="utf-8")) for path in sources)
    return sorted({name for names in found for name in names})


def symbol(name: str, unpacked: Path) -> str:
    """Return one icon as a sprite symbol."""
    svg = (unpacked / "icons" / "outline" / f"{name}.svg").read_text(encoding="utf-8")
    paths = re.findall(r"<(?:path|circle|rect|line)[^>]*/>", svg)
    drawn = "".join(path for path in paths if 'd="M0 0h24v24H0z"' not in path)
    return f'<symbol id="icon-{name}" viewBox="0 0 24 24">{drawn}</symbol>'


def write_sprite(unpacked: Path) -> None:
    """Draw the sprite of every icon in use."""
    symbols = "\n".join(symbol(name, unpacked) for name in icons_used())
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'
    (VENDOR / SPRITE).write_text(svg, encoding="utf-8")


def files_of(package: Package) -> list[str]:
    """Name the files in the vendor folder that come from a package."""
    served = [SPRITE] if package is ICONS else list(package.files.values())
    return [*served, f"licenses/{package.slug}.txt"]


def digest(name: str) -> str:
    """Return the SHA-256 of a vendored file in hexadecimal."""
    return hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()


def write_record() -> None:
    """Record version, licence and digests of everything vendored."""
    entries = []
    for package in PACKAGES:
        entry = {key: asdict(package)[key] for key in ("name", "version", "licence")}
        entries.append(entry | {"sha256": {name: digest(name) for name in files_of(package)}})
    text = json.dumps({"packages": entries}, indent=2, ensure_ascii=False)
    (VENDOR / "vendor.json").write_text(text + "\n", encoding="utf-8")


def refresh() -> None:
    """Fetch everything anew and write the record."""
    (VENDOR / "licenses").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            unpacked = fetch(package, Path(folder))
            copy_files(package, unpacked)
            if package is ICONS:
                write_sprite(unpacked)
    write_record()


def complaints() -> Iterator[str]:
    """Say what differs between the vendor folder, its record and the templates."""
    record = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    recorded = {name: value for p in record["packages"] for name, value in p["sha256"].items()}
    present = {p.relative_to(VENDOR).as_posix() for p in VENDOR.rglob("*") if p.is_file()}
    for name in sorted(present ^ recorded.keys() - {"vendor.json"}):
        if name != "vendor.json":
            yield f"{name} is recorded or present, not both"
    for name in sorted(present & recorded.keys()):
        if digest(name) != recorded[name]:
            yield f"{name} differs from its recorded digest"
    drawn = set(re.findall(r'id="icon-([a-z0-9-]+)"', (VENDOR / SPRITE).read_text("utf-8")))
    for name in sorted(set(icons_used()) - drawn):
        yield f"icon {name} is used but not in the sprite"


def main() -> int:
    """Refresh the vendor folder, or check it with `--check`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with vendor.json, offline")
    if not parser.parse_args().check:
        refresh()
    found = list(complaints())
    for complaint in found:
        sys.stderr.write(f"{complaint}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

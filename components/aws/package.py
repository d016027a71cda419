"""The deployment package: the repository's code as one archive and its dependencies as layers, uploaded to a bucket.

`python -m components.aws.package` builds the archives and prints their sizes. It needs no AWS account.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.aws.archive import UNZIPPED_LIMIT, Archive, archive_of, check_unzipped_size, write_archive
from components.aws.bytecode import bytecode_of, compile_modules, find_interpreter
from components.aws.dependency_layer import ARCHITECTURE, PYTHON_VERSION, RUNTIME, build_layer
from tickfold.storage import layout
from tickfold.strategies import Registry

Layer = Literal["base", "numeric", "identity", "postgres"]
LAYERS: tuple[Layer, ...] = ("base", "numeric", "identity", "postgres")

_ROOT = Path(__file__).resolve().parents[2]
_BUILD = _ROOT / "build"
_THIS_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_PACKAGED = ("functions", "strategies", "tickfold")
# Used on the client's machine only.
_FOLDERS_LEFT_OUT = ("tickfold/cli", "tickfold/client", "tickfold/local", "tickfold/report")
_FILES_LEFT_OUT = ("tickfold/strategies/checks.py", "strategies/*.md")


class Package(pulumi.ComponentResource):
    """The uploaded archives, and the layer versions made of them."""

    code: Archive
    code_object: aws.s3.BucketObjectv2
    layers: dict[Layer, aws.lambda_.LayerVersion]

    def __init__(
        self,
        name: str,
        *,
        bucket: pulumi.Input[str],
        dependencies: Literal["layers", "runtime"],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Upload the code to `bucket`, and create the layers unless `dependencies` says that the runtime has them.

        Raises:
            ArchivesTooLargeError: code and layers exceed Lambda's size limit.
            LayerBuildError: a dependency could not be installed for Lambda.
        """
        super().__init__("tickfold:aws:Package", name, None, opts)
        self._name = name
        self.bucket = pulumi.Output.from_input(bucket)
        archives = build_layers() if dependencies == "layers" else {}
        self.code = build_code(PYTHON_VERSION if dependencies == "layers" else _THIS_VERSION)
        self._warn_of_unusable_strategies()
        check_unzipped_size([self.code, *archives.values()])
        self.code_object = self._upload(self.code)
        self.layers = {layer: self._create_layer(layer, archive) for layer, archive in archives.items()}
        self.register_outputs({"code_key": self.code_object.key})

    def layer_arns(self, layers: Iterable[Layer]) -> list[pulumi.Output[str]]:
        """Return the ARNs of the versions of `layers`; none if the runtime has the dependencies."""
        return [self.layers[layer].arn for layer in layers if layer in self.layers]

    def _warn_of_unusable_strategies(self) -> None:
        for fault in Registry.discover(_ROOT / "strategies").faults.values():
            pulumi.log.warn(fault, self)

    def _upload(self, archive: Archive) -> aws.s3.BucketObjectv2:
        return aws.s3.BucketObjectv2(
            f"{self._name}-{archive.name}-archive",
            bucket=self.bucket,
            key=layout.PACKAGES + archive.key,
            source=pulumi.FileAsset(str(archive.path)),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_layer(self, layer: Layer, archive: Archive) -> aws.lambda_.LayerVersion:
        uploaded = self._upload(archive)
        return aws.lambda_.LayerVersion(
            f"{self._name}-{layer}",
            layer_name=f"{self._name}-{layer}",
            s3_bucket=self.bucket,
            s3_key=uploaded.key,
            source_code_hash=archive.source_code_hash,
            compatible_architectures=[ARCHITECTURE],
            compatible_runtimes=[RUNTIME],
            opts=pulumi.ResourceOptions(parent=self),
        )


def build_code(version: str, root: Path = _ROOT) -> Archive:
    """Zip the functions, the library and the user's own strategies of the source tree at `root`.

    Where this machine has the `version` of Python, its bytecode is there too. The archive of unchanged code is reused.
    """
    interpreter = find_interpreter(version)
    sources = dict(_sources(root))
    contents = b"".join(place.encode() + b"\0" + sources[place].read_bytes() for place in sorted(sources))
    recipe = contents + Path(__file__).read_bytes() + (version.encode() if interpreter else b"")
    archive = archive_of("code", recipe, root / "build")
    if not archive.path.exists():
        with tempfile.TemporaryDirectory() as directory:
            compiled = _compiled(sources, interpreter, Path(directory), version) if interpreter else {}
            write_archive(archive, sources | compiled)
    return archive


def build_layers() -> dict[Layer, Archive]:
    """Build the layers; those of unchanged requirements are reused."""
    return {layer: build_layer(layer, _ROOT / "requirements" / f"lambda-{layer}.txt", _BUILD) for layer in LAYERS}


def _sources(root: Path) -> Iterator[tuple[str, Path]]:
    for folder in _PACKAGED:
        for path in (root / folder).rglob("*"):
            place = path.relative_to(root)
            if path.is_file() and _is_packaged(PurePosixPath(place)):
                yield place.as_posix(), path


def _compiled(sources: Mapping[str, Path], interpreter: Path, target: Path, version: str) -> dict[str, Path]:
    """Compile copies of the modules among `sources` below `target`, and return the bytecode of each."""
    copies = {place: target / place for place in sources if place.endswith(".py")}
    for place, copy in copies.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sources[place], copy)
    compile_modules(interpreter, target, "/var/task", "checked-hash")
    files = (bytecode_of(copy, version) for copy in copies.values())
    return {file.relative_to(target).as_posix(): file for file in files if file.exists()}


def _is_packaged(place: PurePosixPath) -> bool:
    return not (
        "__pycache__" in place.parts
        or any(place.is_relative_to(folder) for folder in _FOLDERS_LEFT_OUT)
        or any(place.match(pattern) for pattern in _FILES_LEFT_OUT)
    )


def _print_sizes() -> None:
    archives = [build_code(PYTHON_VERSION), *build_layers().values()]
    for archive in archives:
        print(f"{archive.name:<8} {archive.zipped_bytes:>12,} zipped {archive.unzipped_bytes:>12,} unzipped")
    total = sum(archive.unzipped_bytes for archive in archives)
    print(f"together {total:>33,} unzipped; Lambda allows {UNZIPPED_LIMIT:,}")
    if find_interpreter(PYTHON_VERSION) is None:
        print(f"without bytecode, which halves cold starts: put python{PYTHON_VERSION}, Lambda's version, on the PATH")
    check_unzipped_size(archives)


if __name__ == "__main__":
    _print_sizes()

"""Random mutants of a folder: mutmut's mutations, less those that tests do not look at."""

import difflib
import random
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import libcst as cst
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import get_ignored_lines

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: Path
    line: int
    change: str
    source: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}\n{self.change}"


class _Visitor(MutationVisitor):
    """mutmut's visitor, which also enters decorated functions and leaves `strict=True` of zip alone.

    mutmut leaves decorated functions out because it runs all mutants of a function in one process, behind a trampoline.
    """

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return False
        return _is_strict(node) or super()._skip_node_and_children(node)


def mutants_of(folder: Path, sample: int, seed: int) -> list[Mutant]:
    """Return up to `sample` random mutants of the files in `folder`, the same ones for the same code and seed."""
    paths = sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)
    candidates = [(path, module, mutation) for path in paths for module, mutation in _mutations(path)]
    random.Random(f"{seed} {folder}").shuffle(candidates)  # noqa: S311 - not cryptography
    made = (_mutant(path, module, mutation) for path, module, mutation in candidates)
    return list(islice((mutant for mutant in made if mutant), sample))


def _mutations(path: Path) -> list[tuple[cst.Module, Mutation]]:
    source = path.read_text()
    wrapper = cst.MetadataWrapper(cst.parse_module(source))
    visitor = _Visitor(mutation_operators, get_ignored_lines(str(path), source, wrapper))
    wrapper.visit(visitor)
    return [(wrapper.module, mutation) for mutation in visitor.mutations if _is_wanted(mutation)]


def _is_wanted(mutation: Mutation) -> bool:
    """Leave out what tests do not look at (prose, case), settings (the constants of a module), and broken imports.

    mutmut names the statement of a class that holds the change; None is a statement of the module.
    """
    original, mutated = mutation.original_node, mutation.mutated_node
    if isinstance(original, cst.SimpleString) and isinstance(mutated, cst.SimpleString):
        return not _is_prose(original) and original.value.lower() != mutated.value.lower()
    if isinstance(original, cst.Call) and isinstance(mutated, cst.Call):
        kept = set(map(id, mutated.args))
        if any(_is_prose(each.value) or _is_strict(each) for each in original.args if id(each) not in kept):
            return False
    if isinstance(mutation.contained_by_top_level_function, cst.FunctionDef):
        return True
    in_class = mutation.contained_by_top_level_function is not None
    return in_class and isinstance(original, cst.BaseNumber | cst.Name)


def _is_prose(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.ConcatenatedString | cst.FormattedString):
        return True
    return isinstance(node, cst.SimpleString) and " " in node.value


def _is_strict(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == "strict"


def _mutant(path: Path, module: cst.Module, mutation: Mutation) -> Mutant | None:
    """Return the mutant, or None where the change makes no difference to the program or no program at all."""
    changed = cst.ensure_type(module.deep_replace(mutation.original_node, mutation.mutated_node), cst.Module)
    before, after = module.code, changed.code
    try:
        if compile(before, "", "exec", optimize=2) == compile(after, "", "exec", optimize=2):
            return None
    except SyntaxError:
        return None
    diff = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    line = int(diff[0].split()[1].lstrip("-").split(",")[0])
    change = "\n".join(f"    {each[0]} {each[1:].strip()}" for each in diff if each[0] in "-+")
    return Mutant(path.relative_to(ROOT), line, change, after)

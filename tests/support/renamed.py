"""Runs a module as if releases of packages had renamed some of their names.

python -m tests.support.renamed PACKAGES NAMES MODULE [ARGUMENT]...

PACKAGES and NAMES are separated by commas.
"""

from __future__ import annotations

import importlib.machinery
import io
import runpy
import sys
import tokenize
from types import CodeType

PACKAGES: set[str] = set()
NAMES: set[str] = set()


class Loader(importlib.machinery.SourceFileLoader):
    """Compiles the packages' modules with the names replaced wherever they stand."""

    def get_code(self, fullname: str) -> CodeType | None:
        if fullname.partition(".")[0] not in PACKAGES:
            return super().get_code(fullname)
        source = self.get_data(self.path)
        if not any(name.encode() in source for name in NAMES):
            return super().get_code(fullname)
        return compile(renamed(source.decode()), self.path, "exec", dont_inherit=True)


def renamed(source: str) -> str:
    """Return the source with each name called NAME_renamed."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return str(
        tokenize.untokenize(
            (one.type, one.string if _imports(one) else _renamed(one.string)) for one in tokens
        )
    )


def _renamed(token: str) -> str:
    """Return an identifier, a whole string, or a string "module:NAME" by its new name."""
    quote = '"' if token.endswith('"') else ""
    name = token.strip('"').rpartition(":")[2]
    return f"{token.removesuffix(quote)}_renamed{quote}" if name in NAMES else token


def _imports(token: tokenize.TokenInfo) -> bool:
    """Return whether the token's line imports modules, which may have the same names."""
    return token.line.lstrip().startswith(("from ", "import "))


if __name__ == "__main__":
    packages, names, module, *arguments = sys.argv[1:]
    PACKAGES |= set(packages.split(","))
    NAMES |= set(names.split(","))
    native = (
        importlib.machinery.ExtensionFileLoader,
        importlib.machinery.EXTENSION_SUFFIXES,
    )
    hook = importlib.machinery.FileFinder.path_hook(native, (Loader, [".py"]))
    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)

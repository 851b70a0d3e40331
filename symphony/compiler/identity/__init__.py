"""Code identity: a digest of a player's function and of everything of the project that it reaches.

`identity_of` gives the identity of one player; an `IdentityReader` shares its work over many players of one snapshot;
`compare` names the first difference between two identities.
"""

from symphony.compiler.identity.comparison import compare
from symphony.compiler.identity.reader import IdentityReader, identity_of
from symphony.compiler.identity.values import Identity, Note, Reached
from symphony.model.module_source import FixedSources, ModuleSource, SourceTree

__all__ = [
    "FixedSources",
    "Identity",
    "IdentityReader",
    "ModuleSource",
    "Note",
    "Reached",
    "SourceTree",
    "compare",
    "identity_of",
]
